/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int16 activations and int8 weights, 32-bit accumulators. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_no_inline.h"

/* One window: sums[c] += sum of x * w of channel c. A word has the weights of a pair of activations: a b a b. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot(const int16_t *x, const int32_t *words, int32_t pairs, int32_t *sums) {
  const int8_t *w = (const int8_t *)words, *const end = w + 4 * pairs;
  int32_t a = sums[0], b = sums[1];
  for (; w != end; w += 4, x += 2) {
    a += x[0] * w[0] + x[1] * w[2];
    b += x[0] * w[1] + x[1] * w[3];
  }
  sums[0] = a;
  sums[1] = b;
}

/* The same for two windows. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot2(const int16_t *first, const int16_t *second, const int32_t *words, int32_t pairs,
                                            int32_t *sums) {
  tmb_conv2d_s16_dot(first, words, pairs, sums);
  tmb_conv2d_s16_dot(second, words, pairs, sums + 2);
}

#define TMB_KERNEL tmb_conv2d_s16
#define TMB_SUM int32_t
#define TMB_DOT tmb_conv2d_s16_dot
#define TMB_DOT2 tmb_conv2d_s16_dot2
#define TMB_FINISH(acc, multiplier, shift) tmb_requantize((acc), (multiplier), (shift), 0)
#include "tmb_conv2d_s16_loop.h"
