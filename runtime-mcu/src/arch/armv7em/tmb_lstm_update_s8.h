/* SPDX-License-Identifier: MIT */
/* New cells and states of a long short-term memory in int8, with the DSP instructions of Armv7E-M. Comes after
 * tmb_recurrent_s8.h. */
#ifndef TMB_LSTM_UPDATE_S8_H
#define TMB_LSTM_UPDATE_S8_H

#if defined(__ARM_FEATURE_DSP)

/* r0 gates, r1 cells, r2 next, r3 the middle of the table; r8 128, r12 2^18, lr 16384. */
#define TMB_LSTM_UNIT                                                                                                          \
  "ldr r4, [r0, #32]\n"                                                                                                        \
  "ldrsh r5, [r1]\n"                                                                                                           \
  "ldr r7, [r0, #48]\n"                                                                                                        \
  "ldr r6, [r0], #4\n"                                                                                                         \
  "asr r4, r4, #9\n"                                                                                                           \
  "mla r4, r4, r5, lr\n"                                                                                                       \
  "asr r7, r7, #8\n"                                                                                                           \
  "sub r7, r7, #32768\n"                                                                                                       \
  "asr r6, r6, #9\n"                                                                                                           \
  "mla r6, r6, r7, r12\n"                                                                                                      \
  "asr r6, r6, #19\n"                                                                                                          \
  "add r6, r6, r4, asr #15\n"                                                                                                  \
  "ssat r6, #16, r6\n"                                                                                                         \
  "strh r6, [r1], #2\n"                                                                                                        \
  "ssat r6, #15, r6, lsl #1\n"                                                                                                 \
  "asr r5, r6, #8\n"                                                                                                           \
  "uxtb r6, r6\n"                                                                                                              \
  "ldr r5, [r3, r5, lsl #1]\n"                                                                                                 \
  "ldr r4, [r0, #12]\n"                                                                                                        \
  "rsb r7, r6, #256\n"                                                                                                         \
  "pkhbt r7, r7, r6, lsl #16\n"                                                                                                \
  "smlad r5, r5, r7, r8\n"                                                                                                     \
  "asr r5, r5, #8\n"                                                                                                           \
  "asr r4, r4, #9\n"                                                                                                           \
  "mla r4, r4, r5, lr\n"                                                                                                       \
  "asr r4, r4, #15\n"                                                                                                          \
  "strh r4, [r2], #2\n"

TMB_NAKED void tmb_lstm_update_four(const int32_t *gates __attribute__((__unused__)), int16_t *c __attribute__((__unused__)),
                                    int16_t *next __attribute__((__unused__)), const int16_t *middle __attribute__((__unused__))) {
  __asm__ volatile("push {r4-r8, lr}\n"
                   "mov lr, #16384\n"
                   "mov r12, #262144\n"
                   "mov r8, #128\n" TMB_LSTM_UNIT TMB_LSTM_UNIT TMB_LSTM_UNIT TMB_LSTM_UNIT
                   "pop {r4-r8, pc}\n");
}

#undef TMB_LSTM_UNIT

static inline void tmb_lstm_update(const int32_t *gates, int16_t *c, int16_t *next) {
  tmb_lstm_update_four(gates, c, next, tmb_recurrent_tanh_table + 64);
}

#else

/* New cells and states of four units, from what the gates i, o, f and c leave. */
static inline void tmb_lstm_update(const int32_t *gates, int16_t *c, int16_t *next) {
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

#endif
