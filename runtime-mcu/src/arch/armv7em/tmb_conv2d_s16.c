/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int16 activations and int8 weights, 32-bit accumulators, with the DSP instructions of Armv7E-M. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_dsp.h"
#include "tmb_no_inline.h"

/* A word of weights, widened as it is and rotated by a byte, meets a pair of activations: two products for each of two channels. */

/* One window: sums[c] += sum of x * w of channel c. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot(const int16_t *x, const int32_t *w, int32_t pairs, int32_t *sums) {
  const int32_t *const end = w + pairs;
  int32_t a = sums[0], b = sums[1];
  for (; w != end; ++w, x += 2) {
    const uint32_t word = (uint32_t)*w, pair = tmb_load32(x);
    a = tmb_smlad(tmb_sxtb16(word), pair, a);
    b = tmb_smlad(tmb_sxtb16_ror8(word), pair, b);
  }
  sums[0] = a;
  sums[1] = b;
}

/* Two windows, which share the weights. */
TMB_NO_INLINE static void tmb_conv2d_s16_dot2(const int16_t *first, const int16_t *second, const int32_t *w, int32_t pairs,
                                   int32_t *sums) {
  const int32_t *const end = w + pairs;
  int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
  for (; w != end; ++w, first += 2, second += 2) {
    const uint32_t word = (uint32_t)*w, even = tmb_sxtb16(word), odd = tmb_sxtb16_ror8(word);
    const uint32_t one = tmb_load32(first), two = tmb_load32(second);
    a = tmb_smlad(even, one, a);
    b = tmb_smlad(odd, one, b);
    c = tmb_smlad(even, two, c);
    d = tmb_smlad(odd, two, d);
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

#define TMB_KERNEL tmb_conv2d_s16
#define TMB_SUM int32_t
#define TMB_DOT tmb_conv2d_s16_dot
#define TMB_DOT2 tmb_conv2d_s16_dot2
#define TMB_FINISH(acc, multiplier, shift) tmb_requantize((acc), (multiplier), (shift), 0)
#include "tmb_conv2d_s16_loop.h"
