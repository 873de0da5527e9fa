/* SPDX-License-Identifier: MIT */
/* The arithmetic of int8 recurrent layers, with the DSP instructions of Armv7E-M. Comes after tmb_recurrent_tanh.h. */
#ifndef TMB_RECURRENT_SUMS_S8_H
#define TMB_RECURRENT_SUMS_S8_H

#include "tmb_recurrent_points_s8.h"

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

/* The sums over one vector from r0 to r2, four blocks at a time; the first time as many as make the rest a multiple of four. */
#define TMB_RECURRENT_VECTOR(NAME)                                                                                             \
  "movs r4, #0\n"                                                                                                              \
  "movs r5, #0\n"                                                                                                              \
  "movs r6, #0\n"                                                                                                              \
  "movs r7, #0\n"                                                                                                              \
  "subs r3, r2, r0\n"                                                                                                          \
  "lsls r3, r3, #28\n" /* C: two or three blocks are over; N: one or three */                                                  \
  "bcc " NAME "0f\n"                                                                                                           \
  "bmi " NAME "2f\n"                                                                                                           \
  "b " NAME "3f\n" NAME "0:\n"                                                                                                 \
  "bmi " NAME "4f\n" NAME "1:\n" TMB_RECURRENT_BLOCK NAME "2:\n" TMB_RECURRENT_BLOCK NAME "3:\n" TMB_RECURRENT_BLOCK NAME      \
  "4:\n" TMB_RECURRENT_BLOCK "cmp r0, r2\n"                                                                                    \
  "bne " NAME "1b\n"

/* The sums of four rows of a gate over the input, then those over the state. Returns the weights of the next gate. Both vectors
 * have at least one block. */
TMB_NAKED const int32_t *tmb_recurrent_sums_s8(const tmb_recurrent_vectors *v __attribute__((__unused__)),
                                               const int32_t *w __attribute__((__unused__)),
                                               int32_t *sums __attribute__((__unused__))) {
  __asm__ volatile("push {r0, r2, r4-r11, lr}\n"
                   "ldrd r0, r2, [r0]\n" TMB_RECURRENT_VECTOR("1")
                   "ldrd r0, r3, [sp]\n"
                   "stmia r3, {r4-r7}\n"
                   "ldrd r0, r2, [r0, #8]\n" TMB_RECURRENT_VECTOR("2")
                   "ldr r3, [sp, #4]\n"
                   "adds r3, r3, #16\n"
                   "stmia r3, {r4-r7}\n"
                   "mov r0, r1\n"
                   "add sp, #8\n"
                   "pop {r4-r11, pc}\n");
}

/* A point of the curve: 256 * (tanh of the number in a register + 1), in units of 2^-15 and before it is rounded down. With the
 * middle of the table in r8, 65535 in r9, 256 in r10 and 128 + 2^23 in r11: the entries below and above are one word, which meets
 * its weights in one SMLAD. */
#define TMB_RECURRENT_POINT(X)                                                                                                 \
  "ssat " X ", #15, " X "\n"                                                                                                   \
  "asr r2, " X ", #8\n"                                                                                                        \
  "uxtb " X ", " X "\n"                                                                                                        \
  "ldr r2, [r8, r2, lsl #1]\n"                                                                                                 \
  "mla " X ", " X ", r9, r10\n"                                                                                                \
  "smlad " X ", r2, " X ", r11\n"

/* Sums over both vectors, then the points of four units, for gates one after the other up to the end of `to`. On the stack: the
 * arguments as far as the input goes, v, k, x_shift; at 64 to, its end, middle,
 * rounding, which is 128 + 2^23. */
TMB_NAKED const int32_t *tmb_recurrent_units(const tmb_recurrent_vectors *v __attribute__((__unused__)),
                                             const int32_t *w __attribute__((__unused__)),
                                             const int32_t *k __attribute__((__unused__)),
                                             int32_t x_shift __attribute__((__unused__)), int32_t *to __attribute__((__unused__)),
                                             const int32_t *end __attribute__((__unused__)),
                                             const int16_t *middle __attribute__((__unused__)),
                                             int32_t rounding __attribute__((__unused__))) {
  __asm__ volatile("push {r0, r2, r3, r4-r11, lr}\n"
                   "sub sp, #16\n"
                   "9:\n"
                   "ldrd r0, r2, [r0]\n" TMB_RECURRENT_VECTOR("1")
                   "ldrd r0, r2, [sp, #20]\n"
                   "ldrd r8, r9, [r0]\n"
                   "ldrd r10, r11, [r0, #12]\n"
                   "lsls r4, r2\n"
                   "lsls r5, r2\n"
                   "lsls r6, r2\n"
                   "lsls r7, r2\n"
                   "smmlar r4, r4, r9, r8\n"
                   "smmlar r5, r5, r11, r10\n"
                   "ldrd r8, r9, [r0, #24]\n"
                   "ldrd r10, r11, [r0, #36]\n"
                   "ldr r0, [sp, #16]\n"
                   "smmlar r6, r6, r9, r8\n"
                   "smmlar r7, r7, r11, r10\n"
                   "stmia sp, {r4-r7}\n"
                   "ldrd r0, r2, [r0, #8]\n" TMB_RECURRENT_VECTOR("2")
                   "ldr r0, [sp, #20]\n"
                   "ldmia sp, {r8-r11}\n"
                   "ldr r2, [r0, #8]\n"
                   "ldr r3, [r0, #20]\n"
                   "smmlar r4, r4, r2, r8\n"
                   "smmlar r5, r5, r3, r9\n"
                   "ldr r2, [r0, #32]\n"
                   "ldr r3, [r0, #44]\n"
                   "adds r0, #48\n"
                   "str r0, [sp, #20]\n"
                   "smmlar r6, r6, r2, r10\n"
                   "smmlar r7, r7, r3, r11\n"
                   "ldrd r8, r11, [sp, #72]\n"
                   "ldrd r0, r3, [sp, #64]\n"
                   "movw r9, #65535\n"
                   "mov r10, #256\n" TMB_RECURRENT_POINT("r4") TMB_RECURRENT_POINT("r5") TMB_RECURRENT_POINT("r6")
                       TMB_RECURRENT_POINT("r7")
                   "stmia r0!, {r4-r7}\n"
                   "str r0, [sp, #64]\n"
                   "cmp r0, r3\n"
                   "ldr r0, [sp, #16]\n"
                   "bne 9b\n"
                   "mov r0, r1\n"
                   "add sp, #28\n"
                   "pop {r4-r11, pc}\n");
}

#undef TMB_RECURRENT_POINT

/* The points of `gates` gates one after the other, from the weights and constants (bias, multipliers) of each. */
static inline const int32_t *tmb_recurrent_gates(const tmb_recurrent_vectors *v, const int32_t *w, const int32_t *k,
                                                 int32_t x_shift, int32_t *to, int32_t gates) {
  return tmb_recurrent_units(v, w, k, x_shift, to, to + 4 * gates, tmb_recurrent_tanh_table + 64, 128 + (1 << 23));
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

/* A point of the curve: 256 * (tanh + 1) in units of 2^-15, before it is rounded down. */
static inline int32_t tmb_recurrent_point(int32_t x) {
  const int32_t place = tmb_clamp_s32(x, -16384, 16383);
  const uint32_t part = (uint32_t)place & 255u;
  return tmb_smlad(tmb_load32(tmb_recurrent_tanh_table + 64 + (place >> 8)), part * 65535u + 256u, 128 + (1 << 23));
}

static inline const int32_t *tmb_recurrent_gates(const tmb_recurrent_vectors *v, const int32_t *w, const int32_t *k,
                                                 int32_t x_shift, int32_t *to, int32_t gates) {
  const int32_t *end = to + 4 * gates;
  while (to != end) {
    int32_t sums[8], unit;
    w = tmb_recurrent_sums_s8(v, w, sums);
    for (unit = 0; unit < 4; ++unit, k += 3) {
      const int32_t argument = tmb_smmlar(sums[unit] * (1 << x_shift), k[1], k[0]);
      *to++ = tmb_recurrent_point(tmb_smmlar(sums[unit + 4], k[2], argument));
    }
  }
  return w;
}

#endif

#endif
