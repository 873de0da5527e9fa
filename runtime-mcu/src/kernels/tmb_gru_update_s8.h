/* SPDX-License-Identifier: MIT */
/* New states of a gated recurrent unit in int8. Comes after tmb_recurrent_s8.h. */
#ifndef TMB_GRU_UPDATE_S8_H
#define TMB_GRU_UPDATE_S8_H

/* What gates and sums say of four units. Assembly knows the order of the members. */
typedef struct tmb_gru_units {
  int32_t gates[8]; /* z, and r only if the reset comes after the product */
  int32_t sums[8];  /* of the candidate, over the input and over the state */
} tmb_gru_units;

/* New states of four units; k has the constants of the candidate. */
TMB_NO_INLINE static void tmb_gru_update(const tmb_gru_units *units, const int32_t *k, const int16_t *h, int16_t *next,
                                         int32_t x_shift, int32_t is_late) {
  const int32_t *end = k + 16;
  int32_t i;
  for (i = 0; k != end; ++i, k += 4) {
    const int32_t old = *h++;
    int32_t n = tmb_recurrent_scale(units->sums[i + 4], k[2], k[3]);
    if (is_late)
      n = (tmb_recurrent_sigmoid(units->gates[i + 4]) * tmb_clamp_s32(n, -65536, 65535) + 16384) >> 15;
    n = tmb_recurrent_tanh(tmb_recurrent_scale(units->sums[i] * (1 << x_shift), k[1], k[0] + n));
    n += (tmb_recurrent_sigmoid(units->gates[i]) * (old - n) + 16384) >> 15;
    *next++ = (int16_t)tmb_clamp_s32(n, INT16_MIN, INT16_MAX);
  }
}

#endif
