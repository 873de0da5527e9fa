/* SPDX-License-Identifier: MIT */
/* The step of every float32 sum of products. */
#ifndef TMB_MULTIPLY_ADD_F32_H
#define TMB_MULTIPLY_ADD_F32_H

/* sum + a * b, product and sum rounded each. */
static inline float tmb_multiply_add_f32(float sum, float a, float b) { return sum + a * b; }

#endif
