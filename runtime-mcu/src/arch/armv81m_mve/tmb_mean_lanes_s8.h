/* SPDX-License-Identifier: MIT */
/* Neighbouring sums of int8 elements, with the vector instructions of Armv8.1-M. */
#ifndef TMB_MEAN_LANES_S8_H
#define TMB_MEAN_LANES_S8_H

#include <arm_mve.h>

#include "thimble/tmb_abi.h"

#define TMB_MEAN_LANES 16 /* at most */

/* How many of `left` neighbouring results are computed together. */
static inline int32_t tmb_mean_lanes(int32_t left) { return left >= 16 ? 16 : left >= 8 ? 8 : left; }

/* Adds eight sums in 16 bits to as many in 32. */
static inline void tmb_mve_mean_widen(int16x8_t some, int32_t *sums) {
  int16_t eight[8];
  vstrhq_s16(eight, some);
  vstrwq_s32(sums, vaddq_s32(vldrwq_s32(sums), vldrhq_s32(eight)));
  vstrwq_s32(sums + 4, vaddq_s32(vldrwq_s32(sums + 4), vldrhq_s32(eight + 4)));
}

/* Adds `count` elements that lie `step` apart to each of the sums. 16 bits hold the sums of 255 elements. */
__attribute__((__noinline__)) static void tmb_mean_add(const int8_t *x, int32_t step, int32_t count, int32_t lanes, int32_t *sums) {
  if (lanes == 1 && step == 1) {
    for (; count > 0; count -= 16, x += 16)
      sums[0] = vaddvaq_s8(sums[0], vldrbq_z_s8(x, vctp8q((uint32_t)count)));
    return;
  }
  while (count > 0) {
    const mve_pred16_t there = vctp16q((uint32_t)lanes);
    int16x8_t low = vdupq_n_s16(0), high = low;
    int32_t some = count < 255 ? count : 255;
    count -= some;
    if (lanes == 16) {
      for (; some > 0; --some, x += step) {
        low = vaddq_s16(low, vldrbq_s16(x));
        high = vaddq_s16(high, vldrbq_s16(x + 8));
      }
      tmb_mve_mean_widen(high, sums + 8);
    } else {
      for (; some > 0; --some, x += step)
        low = vaddq_s16(low, vldrbq_z_s16(x, there));
    }
    tmb_mve_mean_widen(low, sums);
  }
}

/* tmb_requantize_even, four at a time: VRMULH rounds ties upward, which are where the lower word of the product is 2^31. */
static inline void tmb_mean_finish(const int32_t *sums, int32_t lanes, int8_t *y, const tmb_mean_s8_params *p) {
  const int32_t shift = p->shift, limit = INT32_MAX >> shift;
  int32_t left;
  for (left = lanes; left > 0; left -= 4, sums += 4, y += 4) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    int32x4_t acc = vldrwq_z_s32(sums, some), rounded;
    mve_pred16_t ties;
    if (shift > 0)
      acc = vshlq_r_s32(vmaxq_s32(vminq_s32(acc, vdupq_n_s32(limit)), vdupq_n_s32(-limit)), shift);
    rounded = vrmulhq_s32(acc, vdupq_n_s32(p->multiplier));
    ties = vcmpeqq_s32(vmulq_n_s32(acc, p->multiplier), vdupq_n_s32(INT32_MIN));
    rounded = vsubq_m_s32(rounded, rounded, vandq_s32(rounded, vdupq_n_s32(1)), ties);
    rounded = vaddq_n_s32(rounded, p->out_zero_point);
    vstrbq_p_s32(y, vmaxq_s32(vminq_s32(rounded, vdupq_n_s32(INT8_MAX)), vdupq_n_s32(INT8_MIN)), some);
  }
}

#endif
