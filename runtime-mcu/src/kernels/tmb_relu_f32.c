/* SPDX-License-Identifier: MIT */
/* Rectifier, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_relu_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) ((x) < 0.0f ? 0.0f : (x)) /* NaN stays NaN */
#include "tmb_unary_loop.h"
