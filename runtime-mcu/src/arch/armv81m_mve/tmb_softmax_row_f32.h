/* SPDX-License-Identifier: MIT */
/* Softmax of a row, float32, with the vector instructions of Armv8.1-M. Exponentials are within 2^-22 of themselves, and summed in
 * four parts: results differ from those of the portable kernel in the last bits, as those of two C libraries do. */
#ifndef TMB_SOFTMAX_ROW_F32_H
#define TMB_SOFTMAX_ROW_F32_H

#include <arm_mve.h>
#include <math.h>

#include "tmb_mve_f32.h"

/* exp(x) for x <= 0: 2^n times a polynomial on -ln(2)/2 to ln(2)/2 (that of the Cephes library). NaN stays NaN. */
static inline float32x4_t tmb_mve_exp(float32x4_t x) {
  const float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 1.44269504f));
  const float32x4_t f = vfmaq_n_f32(vfmaq_n_f32(x, n, -0.693359375f), n, 2.12194440e-4f);
  float32x4_t y = vfmaq_f32(vdupq_n_f32(1.3981999507e-3f), f, vdupq_n_f32(1.9875691500e-4f));
  y = vfmaq_f32(vdupq_n_f32(8.3334519073e-3f), y, f);
  y = vfmaq_f32(vdupq_n_f32(4.1665795894e-2f), y, f);
  y = vfmaq_f32(vdupq_n_f32(1.6666665459e-1f), y, f);
  y = vfmaq_f32(vdupq_n_f32(5.0000001201e-1f), y, f);
  y = vaddq_n_f32(vfmaq_f32(f, y, vmulq_f32(f, f)), 1.0f);
  y = vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(y), vshlq_n_s32(vcvtq_s32_f32(n), 23)));
  return vpselq_f32(vdupq_n_f32(0.0f), y, vcmpltq_n_f32(x, -87.0f));
}

static inline float tmb_mve_sum(float32x4_t four) {
  return (vgetq_lane_f32(four, 0) + vgetq_lane_f32(four, 1)) + (vgetq_lane_f32(four, 2) + vgetq_lane_f32(four, 3));
}

/* `depth` elements, at least one, that lie `step` apart. y may be x. */
static void tmb_softmax_f32_row(const float *x, float *y, int32_t depth, int32_t step) {
  const uint32x4_t places = tmb_mve_places(step);
  const int32_t whole = step == 1 ? depth & ~3 : 0; /* fours of neighbours; the others are gathered */
  float32x4_t most = vdupq_n_f32(*x), sums = vdupq_n_f32(0.0f);
  const float *from = x, *const end = x + whole;
  float *to = y;
  float max, inverse;
  int32_t left;
  for (; from != end; from += 4)
    most = vmaxnmq_f32(most, vldrwq_f32(from));
  for (left = depth - whole; left > 0; left -= 4, from += 4 * step) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    most = vmaxnmq_m_f32(most, most, vldrwq_gather_shifted_offset_z_f32(from, places, some), some);
  }
  max = vmaxnmvq_f32(-INFINITY, most);
  for (from = x; from != end; from += 4, to += 4) {
    const float32x4_t e = tmb_mve_exp(vaddq_n_f32(vldrwq_f32(from), -max));
    vstrwq_f32(to, e);
    sums = vaddq_f32(sums, e);
  }
  for (left = depth - whole; left > 0; left -= 4, from += 4 * step, to += 4 * step) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    const float32x4_t e = tmb_mve_exp(vaddq_n_f32(vldrwq_gather_shifted_offset_z_f32(from, places, some), -max));
    vstrwq_scatter_shifted_offset_p_f32(to, places, e, some);
    sums = vaddq_m_f32(sums, sums, e, some);
  }
  inverse = 1.0f / tmb_mve_sum(sums); /* the sum is at least 1 */
  for (to = y; to != y + whole; to += 4)
    vstrwq_f32(to, vmulq_n_f32(vldrwq_f32(to), inverse));
  for (left = depth - whole; left > 0; left -= 4, to += 4 * step) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    const float32x4_t e = vldrwq_gather_shifted_offset_z_f32(to, places, some);
    vstrwq_scatter_shifted_offset_p_f32(to, places, vmulq_n_f32(e, inverse), some);
  }
}

#endif
