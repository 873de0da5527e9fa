/* SPDX-License-Identifier: MIT */
/* Clamping of float32 values. */
#ifndef TMB_LIMIT_F32_H
#define TMB_LIMIT_F32_H

/* min(max(value, low), high); NaN stays NaN, and high wins where low > high. */
static inline float tmb_limit_f32(float value, float low, float high) {
  const float raised = value < low ? low : value;
  return raised > high ? high : raised;
}

#endif
