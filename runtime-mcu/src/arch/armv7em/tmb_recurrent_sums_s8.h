/* SPDX-License-Identifier: MIT */
/* The arithmetic of int8 recurrent layers, with the DSP instructions of Armv7E-M. Comes after tmb_recurrent_tanh.h. */
#ifndef TMB_RECURRENT_SUMS_S8_H
#define TMB_RECURRENT_SUMS_S8_H

#include "tmb_dsp.h"

/* What rows of weights multiply: the input and the state of a time step, as 16-bit numbers in whole blocks of four. */
typedef struct tmb_recurrent_vectors {
  const int16_t *x, *x_end;
  const int16_t *h, *h_end;
} tmb_recurrent_vectors;

#if defined(__ARM_FEATURE_DSP)

/* Four rows by four columns: r8 and r9 hold the activations, r4 to r7 the sums. */
#define TMB_RECURRENT_ROW(WORD, SUM)                                                                                           \
  "sxtb16 lr, " WORD "\n"                                                                                                      \
  "smlad " SUM ", lr, r8, " SUM "\n"                                                                                           \
  "sxtb16 " WORD ", " WORD ", ror #8\n"                                                                                        \
  "smlad " SUM ", " WORD ", r9, " SUM "\n"
#define TMB_RECURRENT_BLOCK                                                                                                    \
  "ldrd r8, r9, [r0], #8\n"                                                                                                    \
  "ldmia r1!, {r3, r10, r11, r12}\n" TMB_RECURRENT_ROW("r3", "r4") TMB_RECURRENT_ROW("r10", "r5")                              \
      TMB_RECURRENT_ROW("r11", "r6") TMB_RECURRENT_ROW("r12", "r7")

/* The sums over one vector from r0 to r2, two blocks at a time. */
#define TMB_RECURRENT_VECTOR(NAME)                                                                                             \
  "mov r4, #0\n"                                                                                                               \
  "mov r5, #0\n"                                                                                                               \
  "mov r6, #0\n"                                                                                                               \
  "mov r7, #0\n"                                                                                                               \
  "sub r3, r2, r0\n"                                                                                                           \
  "tst r3, #8\n" /* an odd number of blocks */                                                                                 \
  "bne " NAME "1f\n" NAME "0:\n" TMB_RECURRENT_BLOCK NAME "1:\n" TMB_RECURRENT_BLOCK "cmp r0, r2\n"                             \
  "bne " NAME "0b\n"

/* The sums of four rows of a gate over the input, then those over the state. Returns the weights of the next gate. Both vectors
 * have at least one block. */
TMB_NAKED const int32_t *tmb_recurrent_sums_s8(const tmb_recurrent_vectors *v __attribute__((__unused__)),
                                               const int32_t *w __attribute__((__unused__)),
                                               int32_t *sums __attribute__((__unused__))) {
  __asm__ volatile("push {r0, r2, r4-r11, lr}\n"
          "ldrd r0, r2, [r0]\n" TMB_RECURRENT_VECTOR("1")
          "ldr r3, [sp, #4]\n"
          "stmia r3!, {r4-r7}\n"
          "ldr r0, [sp]\n"
          "str r3, [sp, #4]\n"
          "ldrd r0, r2, [r0, #8]\n" TMB_RECURRENT_VECTOR("2")
          "ldr r3, [sp, #4]\n"
          "stmia r3, {r4-r7}\n"
          "mov r0, r1\n"
          "add sp, #8\n"
          "pop {r4-r11, pc}\n");
}

#else

static const int32_t *tmb_recurrent_rows(const int16_t *v, const int16_t *end, const int32_t *w, int32_t *sums) {
  int32_t row;
  for (row = 0; row < 4; ++row)
    sums[row] = 0;
  for (; v != end; v += 4, w += 4)
    for (row = 0; row < 4; ++row) {
      sums[row] = tmb_smlad(tmb_sxtb16((uint32_t)w[row]), tmb_load32(v), sums[row]);
      sums[row] = tmb_smlad(tmb_sxtb16_ror8((uint32_t)w[row]), tmb_load32(v + 2), sums[row]);
    }
  return w;
}

static inline const int32_t *tmb_recurrent_sums_s8(const tmb_recurrent_vectors *v, const int32_t *w, int32_t *sums) {
  return tmb_recurrent_rows(v->h, v->h_end, tmb_recurrent_rows(v->x, v->x_end, w, sums), sums + 4);
}

#endif

/* bias + requantized sum, which is below 2^31. */
static inline int32_t tmb_recurrent_scale(int32_t sum, int32_t multiplier, int32_t bias) { return tmb_smmlar(sum, multiplier, bias); }

#if defined(__ARM_FEATURE_DSP)

/* One unit: r0 sums, r1 constants, r2 the shift, r3 the results, r9 the table, r10 128. */
#define TMB_RECURRENT_UNIT                                                                                                     \
  "ldmia r1!, {r4, r5, r6}\n"                                                                                                  \
  "ldr r7, [r0], #4\n"                                                                                                         \
  "ldr r8, [r0, #12]\n"                                                                                                        \
  "lsl r7, r7, r2\n"                                                                                                           \
  "smmlar r4, r7, r5, r4\n"                                                                                                    \
  "smmlar r4, r8, r6, r4\n"                                                                                                    \
  "ssat r4, #15, r4\n"                                                                                                         \
  "add r4, r4, #16384\n"                                                                                                       \
  "asr r5, r4, #8\n"                                                                                                           \
  "add r5, r9, r5, lsl #1\n"                                                                                                   \
  "ldrsh r6, [r5]\n"                                                                                                           \
  "ldrsh r5, [r5, #2]\n"                                                                                                       \
  "uxtb r4, r4\n"                                                                                                              \
  "sub r5, r5, r6\n"                                                                                                           \
  "mla r4, r4, r5, r10\n"                                                                                                      \
  "add r4, r6, r4, asr #8\n"                                                                                                   \
  "str r4, [r3], #4\n"

TMB_NAKED void tmb_recurrent_units(const int32_t *sums __attribute__((__unused__)), const int32_t *k __attribute__((__unused__)),
                                   int32_t x_shift __attribute__((__unused__)), int32_t *to __attribute__((__unused__)),
                                   const int16_t *table __attribute__((__unused__))) {
  __asm__ volatile("push {r4-r10}\n"
                   "ldr r9, [sp, #28]\n"
                   "mov r10, #128\n" TMB_RECURRENT_UNIT TMB_RECURRENT_UNIT TMB_RECURRENT_UNIT TMB_RECURRENT_UNIT
                   "pop {r4-r10}\n"
                   "bx lr\n");
}

#else

static inline void tmb_recurrent_units(const int32_t *sums, const int32_t *k, int32_t x_shift, int32_t *to, const int16_t *table) {
  int32_t unit;
  (void)table;
  for (unit = 0; unit < 4; ++unit, k += 3) {
    const int32_t argument = tmb_recurrent_scale(sums[unit] * (1 << x_shift), k[1], k[0]);
    to[unit] = tmb_recurrent_tanh(tmb_recurrent_scale(sums[unit + 4], k[2], argument));
  }
}

#endif

/* tanh of the arguments of four units of a gate, from their sums over the input and over the state and from the constants (bias,
 * multipliers) of each. */
static inline void tmb_recurrent_gate(const int32_t *sums, const int32_t *k, int32_t x_shift, int32_t *to) {
  tmb_recurrent_units(sums, k, x_shift, to, tmb_recurrent_tanh_table);
}

#endif
