/* SPDX-License-Identifier: MIT */
/* The step of every float32 sum of products, in one instruction where that is as fast as two: on Cortex-M7, not on Cortex-M4. */
#ifndef TMB_MULTIPLY_ADD_F32_H
#define TMB_MULTIPLY_ADD_F32_H

/* sum + a * b, product and sum rounded each: VMLA is not fused. Compilers do not choose it by themselves for cores with VFMA. */
static inline float tmb_multiply_add_f32(float sum, float a, float b) {
#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FP)
  __asm__("vmla.f32 %0, %1, %2" : "+t"(sum) : "t"(a), "t"(b));
  return sum;
#else
  return sum + a * b;
#endif
}

#endif
