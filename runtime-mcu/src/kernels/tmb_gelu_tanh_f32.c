/* SPDX-License-Identifier: MIT */
/* Gaussian error linear unit, approximated with tanh, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

static inline float tmb_gelu_tanh_f32_one(float x) {
  const float inner = 0.79788456f * (x + 0.044715f * x * x * x); /* sqrt(2 / pi) */
  return 0.5f * x * (1.0f + tanhf(inner));
}

#define TMB_KERNEL tmb_gelu_tanh_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) tmb_gelu_tanh_f32_one(x)
#include "tmb_unary_loop.h"
