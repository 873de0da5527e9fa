/* SPDX-License-Identifier: MIT */
/* The sums of int16 convolutions. Before including it (once for each kernel) define
 *   TMB_SUM   the type of accumulators, int32_t or int64_t
 *   TMB_WIDE  whether these have 64 bits: 0 or 1
 * The convolution's loop ends what TMB_DOT says: that this header was here. */
#ifndef TMB_DOT
#define TMB_DOT tmb_conv2d_s16_dot
#define TMB_DOT2 tmb_conv2d_s16_dot2

#include "tmb_no_inline.h"

/* One window: sums[c] += sum of x * w of channel c. A word has the weights of a pair of activations: a b a b. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot(const int16_t *x, const int32_t *words, int32_t pairs, TMB_SUM *sums) {
  const int8_t *w = (const int8_t *)words, *const end = w + 4 * pairs;
  TMB_SUM a = sums[0], b = sums[1];
  for (; w != end; w += 4, x += 2) {
    a += x[0] * w[0] + x[1] * w[2];
    b += x[0] * w[1] + x[1] * w[3];
  }
  sums[0] = a;
  sums[1] = b;
}

/* The same for two windows. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot2(const int16_t *first, const int16_t *second, const int32_t *words, int32_t pairs,
                                              TMB_SUM *sums) {
  tmb_conv2d_s16_dot(first, words, pairs, sums);
  tmb_conv2d_s16_dot(second, words, pairs, sums + 2);
}

#endif
