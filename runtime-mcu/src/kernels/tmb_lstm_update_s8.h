/* SPDX-License-Identifier: MIT */
/* New cells and states of a long short-term memory in int8. Comes after tmb_recurrent_s8.h. */
#ifndef TMB_LSTM_UPDATE_S8_H
#define TMB_LSTM_UPDATE_S8_H

/* New cells and states of four units, from what the gates i, o, f and c leave. */
TMB_NO_INLINE static void tmb_lstm_update(const int32_t *gates, int16_t *c, int16_t *next) {
  const int32_t *end = gates + 4;
  for (; gates != end; ++gates) {
    const int32_t kept = tmb_recurrent_sigmoid(gates[8]) * *c;
    const int32_t added = tmb_recurrent_sigmoid(gates[0]) * tmb_recurrent_squashed(gates[12]);
    const int32_t cell = tmb_clamp_s32(((kept + 16384) >> 15) + ((added + (1 << 18)) >> 19), INT16_MIN, INT16_MAX);
    const int32_t h = (tmb_recurrent_sigmoid(gates[4]) * tmb_recurrent_tanh(2 * cell) + 16384) >> 15;
    *c++ = (int16_t)cell;
    *next++ = (int16_t)h;
  }
}

#endif
