/* SPDX-License-Identifier: MIT */
/* Soft rectifier, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

/* log(1 + exp(x)) in a form that cannot overflow. */
static inline float tmb_softplus_f32_one(float x) {
  const float tail = log1pf(expf(-fabsf(x)));
  return x > 0.0f ? x + tail : tail;
}

#define TMB_KERNEL tmb_softplus_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) tmb_softplus_f32_one(x)
#include "tmb_unary_loop.h"
