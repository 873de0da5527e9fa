/* SPDX-License-Identifier: MIT */
/* One row of activations times a matrix of weights, int8. */
#ifndef TMB_DSP_ROW_H
#define TMB_DSP_ROW_H

#include "tmb_dsp.h"
#include "tmb_dsp_finish.h"

#if defined(__ARM_FEATURE_DSP)

/* r0 x, r1 and r2 weights, r3 from one row of weights to the next, r4 to r7 the accumulators, r8 blocks; r9 and r10 the
 * activations, r11 and r12 weights */
#define TMB_PRODUCTS(acc)                                                                                                      \
  "sxtb16 r12, r11\n\t"                                                                                                        \
  "sxtb16 r11, r11, ror #8\n\t"                                                                                                \
  "smlad " acc ", r12, r9, " acc "\n\t"                                                                                        \
  "smlad " acc ", r11, r10, " acc "\n\t"
#define TMB_BLOCK                                                                                                              \
  "ldr r10, [r0], #4\n\t"                                                                                                      \
  "ldr r11, [r1, r3]\n\t"                                                                                                      \
  "sxtb16 r9, r10\n\t"                                                                                                         \
  "sxtb16 r10, r10, ror #8\n\t" TMB_PRODUCTS("r5") "ldr r11, [r1], #4\n\t" TMB_PRODUCTS(                                       \
      "r4") "ldr r11, [r2, r3]\n\t" TMB_PRODUCTS("r7") "ldr r11, [r2], #4\n\t" TMB_PRODUCTS("r6")

/* acc[j] += sum of x[k] * w[j * w_stride + k] over k < 4 * blocks, for j < 4. blocks is at least 1. */
TMB_NAKED void tmb_row4(const int8_t *x __attribute__((__unused__)), const int8_t *w __attribute__((__unused__)),
                        int32_t *acc __attribute__((__unused__)), int32_t w_stride __attribute__((__unused__)),
                        int32_t blocks __attribute__((__unused__))) {
  __asm__ volatile("push {r2, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldr r8, [sp, #40]\n\t"
                   "ldmia r2, {r4, r5, r6, r7}\n\t"
                   "add r2, r1, r3, lsl #1\n\t"
                   "tst r8, #1\n\t" /* two blocks a turn; an odd number starts with the second */
                   "beq 1f\n\t"
                   "add r8, r8, #1\n\t"
                   "b 2f\n"
                   "1:\n\t" TMB_BLOCK "2:\n\t" TMB_BLOCK "subs r8, r8, #2\n\t"
                   "bne 1b\n\t"
                   "pop {r2}\n\t"
                   "stmia r2, {r4, r5, r6, r7}\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#undef TMB_BLOCK
#undef TMB_PRODUCTS

#else

static void tmb_row4(const int8_t *x, const int8_t *w, int32_t *acc, int32_t w_stride, int32_t blocks) {
  int32_t j, k;
  for (j = 0; j < 4; ++j) {
    for (k = 0; k < 4 * blocks; k += 4) {
      const uint32_t value = tmb_load32(x + k), weight = tmb_load32(w + j * w_stride + k);
      acc[j] = tmb_smlad(tmb_sxtb16(value), tmb_sxtb16(weight), acc[j]);
      acc[j] = tmb_smlad(tmb_sxtb16_ror8(value), tmb_sxtb16_ror8(weight), acc[j]);
    }
  }
}

#endif

/* y[cols] from x[depth], w[cols][depth], bias[cols] and multiplier[cols]. */
__attribute__((__noinline__)) static void tmb_row(const int8_t *x, const int8_t *w, const int32_t *bias,
                                                  const int32_t *multiplier, int8_t *y, int32_t depth, int32_t cols,
                                                  const tmb_dsp_output *out) {
  const int32_t blocks = depth >> 2, whole = blocks << 2;
  int32_t n = 0, j, k;
  while (n < cols) {
    int32_t acc[4];
    int32_t lanes = cols - n;
    if (lanes >= 4) {
      lanes = 4;
      for (j = 0; j < 4; ++j)
        acc[j] = bias[n + j];
      if (blocks > 0)
        tmb_row4(x, w, acc, depth, blocks);
      k = whole;
    } else {
      lanes = 1;
      acc[0] = bias[n];
      for (k = 0; k < whole; k += 4) {
        const uint32_t value = tmb_load32(x + k), weight = tmb_load32(w + k);
        acc[0] = tmb_smlad(tmb_sxtb16(value), tmb_sxtb16(weight), acc[0]);
        acc[0] = tmb_smlad(tmb_sxtb16_ror8(value), tmb_sxtb16_ror8(weight), acc[0]);
      }
    }
    for (; k < depth; ++k)
      for (j = 0; j < lanes; ++j)
        acc[j] += x[k] * w[j * depth + k];
    for (j = 0; j < lanes; ++j)
      y[n + j] = (int8_t)(out->plain ? tmb_finish_plain(acc[j], multiplier[n + j], out->zero_point)
                                     : tmb_finish_general(acc[j], multiplier[n + j], out));
    n += lanes;
    w += lanes * depth;
  }
}

#endif
