/* SPDX-License-Identifier: MIT */
/* The sums of int16 convolutions, with the DSP instructions of Armv7E-M. Before including it (once for each kernel) define
 *   TMB_SUM   the type of accumulators, int32_t or int64_t
 *   TMB_WIDE  whether these have 64 bits: 0 or 1
 * The convolution's loop ends what TMB_DOT says: that this header was here. */
#ifndef TMB_DOT
#define TMB_DOT tmb_conv2d_s16_dot
#define TMB_DOT2 tmb_conv2d_s16_dot2

#include "tmb_no_inline.h"
#include "tmb_dsp.h"

#if TMB_WIDE
#define TMB_MULTIPLY tmb_smlald
#else
#define TMB_MULTIPLY tmb_smlad
#endif

/* A word of weights, widened as it is and rotated by a byte, meets a pair of activations: two products for each of two channels. */

/* One window: sums[c] += sum of x * w of channel c. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot(const int16_t *x, const int32_t *w, int32_t pairs, TMB_SUM *sums) {
  const int32_t *const end = w + pairs;
  TMB_SUM a = sums[0], b = sums[1];
  for (; w != end; ++w, x += 2) {
    const uint32_t word = (uint32_t)*w, pair = tmb_load32(x);
    a = TMB_MULTIPLY(tmb_sxtb16(word), pair, a);
    b = TMB_MULTIPLY(tmb_sxtb16_ror8(word), pair, b);
  }
  sums[0] = a;
  sums[1] = b;
}

/* Two windows, which share the weights. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot2(const int16_t *first, const int16_t *second, const int32_t *w, int32_t pairs,
                                              TMB_SUM *sums) {
  const int32_t *const end = w + pairs;
  TMB_SUM a = sums[0], b = sums[1], c = sums[2], d = sums[3];
  for (; w != end; ++w, first += 2, second += 2) {
    const uint32_t word = (uint32_t)*w, even = tmb_sxtb16(word), odd = tmb_sxtb16_ror8(word);
    const uint32_t one = tmb_load32(first), two = tmb_load32(second);
    a = TMB_MULTIPLY(even, one, a);
    b = TMB_MULTIPLY(odd, one, b);
    c = TMB_MULTIPLY(even, two, c);
    d = TMB_MULTIPLY(odd, two, d);
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

#undef TMB_MULTIPLY

#endif
