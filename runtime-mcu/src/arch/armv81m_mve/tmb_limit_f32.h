/* SPDX-License-Identifier: MIT */
/* Clamping of float32 values, with the vector instructions of Armv8.1-M. */
#ifndef TMB_LIMIT_F32_H
#define TMB_LIMIT_F32_H

#include <arm_mve.h>
#include <stdint.h>

/* min(max(value, low), high); NaN stays NaN, and high wins where low > high. */
static inline float tmb_limit_f32(float value, float low, float high) {
  const float raised = value < low ? low : value;
  return raised > high ? high : raised;
}

/* The same for four values. */
static inline float32x4_t tmb_mve_limit_f32(float32x4_t value, float32x4_t low, float32x4_t high) {
  value = vpselq_f32(low, value, vcmpltq_f32(value, low));
  return vpselq_f32(high, value, vcmpgtq_f32(value, high));
}

/* Limits that hold nothing back: what the largest float32 number cannot exceed. */
#define TMB_UNLIMITED_F32 3.402823466e+38f

/* The same for `count` values in place; a bound of the largest magnitude or infinity is none. */
static inline void tmb_limit_all_f32(float *y, int32_t count, float low, float high) {
  if (high < TMB_UNLIMITED_F32 || low > -TMB_UNLIMITED_F32) {
    const float32x4_t least = vdupq_n_f32(low), most = vdupq_n_f32(high);
    for (; count >= 4; count -= 4, y += 4)
      vstrwq_f32(y, tmb_mve_limit_f32(vldrwq_f32(y), least, most));
    for (; count > 0; --count, ++y)
      *y = tmb_limit_f32(*y, low, high);
  }
}

#endif
