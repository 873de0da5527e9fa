/* SPDX-License-Identifier: MIT */
/* Clamping of float32 values. */
#ifndef TMB_LIMIT_F32_H
#define TMB_LIMIT_F32_H

#include <stdint.h>

/* min(max(value, low), high); NaN stays NaN, and high wins where low > high. */
static inline float tmb_limit_f32(float value, float low, float high) {
  const float raised = value < low ? low : value;
  return raised > high ? high : raised;
}

/* Limits that hold nothing back: what the largest float32 number cannot exceed. */
#define TMB_UNLIMITED_F32 3.402823466e+38f

/* The same for `count` values in place; a bound of the largest magnitude or infinity is none. */
static inline void tmb_limit_all_f32(float *y, int32_t count, float low, float high) {
  int32_t i;
  if (high < TMB_UNLIMITED_F32) {
    for (i = 0; i < count; ++i)
      y[i] = tmb_limit_f32(y[i], low, high);
  } else if (low > -TMB_UNLIMITED_F32) {
    for (i = 0; i < count; ++i)
      y[i] = y[i] < low ? low : y[i];
  }
}

#endif
