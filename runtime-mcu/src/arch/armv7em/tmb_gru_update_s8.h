/* SPDX-License-Identifier: MIT */
/* New states of a gated recurrent unit in int8, with the DSP instructions of Armv7E-M. Comes after tmb_recurrent_s8.h. */
#ifndef TMB_GRU_UPDATE_S8_H
#define TMB_GRU_UPDATE_S8_H

/* What gates and sums say of four units. Assembly knows the order of the members. */
typedef struct tmb_gru_units {
  int32_t gates[8]; /* z, and r only if the reset comes after the product */
  int32_t sums[8];  /* of the candidate, over the input and over the state */
} tmb_gru_units;

#if defined(__ARM_FEATURE_DSP)

/* r0 units, r1 constants, r2 h, r3 next; r8 128, r10 the middle of the table, r11 x_shift, lr 16384. */
#define TMB_GRU_UNIT                                                                                                           \
  "ldmia r1!, {r4, r5, r6, r7}\n"                                                                                              \
  "ldr r12, [r0, #48]\n"                                                                                                       \
  "ldr r9, [r0, #16]\n"                                                                                                        \
  "smmlar r7, r12, r6, r7\n"                                                                                                   \
  "ssat r7, #17, r7\n"                                                                                                         \
  "asr r9, r9, #9\n"                                                                                                           \
  "mla r7, r9, r7, lr\n"                                                                                                       \
  "ldr r12, [r0, #32]\n"                                                                                                       \
  "add r4, r4, r7, asr #15\n"                                                                                                  \
  "lsl r12, r12, r11\n"                                                                                                        \
  "smmlar r4, r12, r5, r4\n"                                                                                                   \
  "ssat r4, #15, r4\n"                                                                                                         \
  "asr r5, r4, #8\n"                                                                                                           \
  "uxtb r4, r4\n"                                                                                                              \
  "ldr r5, [r10, r5, lsl #1]\n"                                                                                                \
  "rsb r6, r4, #256\n"                                                                                                         \
  "pkhbt r6, r6, r4, lsl #16\n"                                                                                                \
  "smlad r5, r5, r6, r8\n"                                                                                                     \
  "ldr r12, [r0], #4\n"                                                                                                        \
  "ldrsh r6, [r2], #2\n"                                                                                                       \
  "asr r5, r5, #8\n"                                                                                                           \
  "subs r6, r6, r5\n"                                                                                                          \
  "asr r12, r12, #9\n"                                                                                                         \
  "mla r6, r12, r6, lr\n"                                                                                                      \
  "add r5, r5, r6, asr #15\n"                                                                                                  \
  "ssat r5, #16, r5\n"                                                                                                         \
  "strh r5, [r3], #2\n"

TMB_NAKED void tmb_gru_update_late(const tmb_gru_units *units __attribute__((__unused__)),
                                   const int32_t *k __attribute__((__unused__)), const int16_t *h __attribute__((__unused__)),
                                   int16_t *next __attribute__((__unused__)), int32_t x_shift __attribute__((__unused__)),
                                   const int16_t *middle __attribute__((__unused__))) {
  __asm__ volatile("push {r4-r11, lr}\n"
                   "ldr r11, [sp, #36]\n"
                   "ldr r10, [sp, #40]\n"
                   "mov lr, #16384\n"
                   "mov r8, #128\n" TMB_GRU_UNIT TMB_GRU_UNIT TMB_GRU_UNIT TMB_GRU_UNIT
                   "pop {r4-r11, pc}\n");
}

#undef TMB_GRU_UNIT

#endif

/* New states of four units; k has the constants of the candidate. */
static inline void tmb_gru_update(const tmb_gru_units *units, const int32_t *k, const int16_t *h, int16_t *next,
                                  int32_t x_shift, int32_t is_late) {
  const int32_t *end = k + 16;
  int32_t i;
#if defined(__ARM_FEATURE_DSP)
  if (is_late) {
    tmb_gru_update_late(units, k, h, next, x_shift, tmb_recurrent_tanh_table + 64);
    return;
  }
#endif
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
