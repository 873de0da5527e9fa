/* SPDX-License-Identifier: MIT */
/* Neighbouring sums of int8 elements, with the DSP instructions of Armv7E-M. */
#ifndef TMB_MEAN_LANES_S8_H
#define TMB_MEAN_LANES_S8_H

#include "thimble/tmb_requant.h"
#include "tmb_dsp.h"

#define TMB_MEAN_LANES 4 /* at most */

/* How many of `left` neighbouring results are computed together. */
static inline int32_t tmb_mean_lanes(int32_t left) { return left >= TMB_MEAN_LANES ? TMB_MEAN_LANES : 1; }

/* Adds to four neighbouring sums. Halves hold the sums of 255 elements. */
__attribute__((__noinline__)) static void tmb_mean_four(const int8_t *x, int32_t step, int32_t count, int32_t *sums) {
  while (count > 0) {
    uint32_t even = 0, odd = 0;
    int32_t some = count < 255 ? count : 255;
    count -= some;
    for (; some >= 2; some -= 2) {
      const uint32_t first = tmb_load32(x), second = tmb_load32(x + step);
      x += 2 * step;
      even = tmb_sxtab16(tmb_sxtab16(even, first), second);
      odd = tmb_sxtab16_ror8(tmb_sxtab16_ror8(odd, first), second);
    }
    if (some > 0) {
      const uint32_t word = tmb_load32(x);
      x += step;
      even = tmb_sxtab16(even, word);
      odd = tmb_sxtab16_ror8(odd, word);
    }
    sums[0] += (int16_t)(uint16_t)even;
    sums[1] += (int16_t)(uint16_t)odd;
    sums[2] += (int16_t)(uint16_t)(even >> 16);
    sums[3] += (int16_t)(uint16_t)(odd >> 16);
  }
}

/* Adds `count` elements that lie `step` apart to each of the sums. */
static inline void tmb_mean_add(const int8_t *x, int32_t step, int32_t count, int32_t lanes, int32_t *sums) {
  if (lanes == TMB_MEAN_LANES) {
    tmb_mean_four(x, step, count, sums);
    return;
  }
  for (; count > 0; --count, x += step)
    sums[0] += *x;
}

static inline void tmb_mean_finish(const int32_t *sums, int32_t lanes, int8_t *y, const tmb_mean_s8_params *p) {
  int32_t i;
  for (i = 0; i < lanes; ++i)
    y[i] = (int8_t)tmb_ssat8(tmb_requantize_even(sums[i], p->multiplier, p->shift, p->out_zero_point));
}

#endif
