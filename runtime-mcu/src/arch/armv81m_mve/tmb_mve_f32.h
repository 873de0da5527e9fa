/* SPDX-License-Identifier: MIT */
/* What float32 kernels with MVE share. The vector unit takes numbers below 2^-126 for 0 and gives 0 for them; else every result is
 * that of the portable kernels. */
#ifndef TMB_MVE_F32_H
#define TMB_MVE_F32_H

#include <arm_mve.h>

/* sum + a * b, product and sum rounded each: VFMA would round once. */
static inline float32x4_t tmb_mve_multiply_add(float32x4_t sum, float32x4_t a, float b) {
  return vaddq_f32(sum, vmulq_n_f32(a, b));
}

/* The places of four elements that lie `step` apart. */
static inline uint32x4_t tmb_mve_places(int32_t step) { return vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)step); }

/* Four results of each of `rows` rows, 1 to 4, which lie y_step apart; those of missing rows are those of the last one. */
static inline void tmb_mve_store_rows(float *y, int32_t y_step, int32_t rows, float32x4_t s0, float32x4_t s1, float32x4_t s2,
                                      float32x4_t s3) {
  vstrwq_f32(y, s0);
  y += rows > 1 ? y_step : 0;
  vstrwq_f32(y, s1);
  y += rows > 2 ? y_step : 0;
  vstrwq_f32(y, s2);
  y += rows > 3 ? y_step : 0;
  vstrwq_f32(y, s3);
}

#endif
