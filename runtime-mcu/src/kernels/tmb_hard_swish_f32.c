/* SPDX-License-Identifier: MIT */
/* Piecewise linear swish, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_limit_f32.h"

#define TMB_KERNEL tmb_hard_swish_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) (tmb_limit_f32((x) * (1.0f / 6.0f) + 0.5f, 0.0f, 1.0f) * (x))
#include "tmb_unary_loop.h"
