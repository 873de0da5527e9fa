/* SPDX-License-Identifier: MIT */
/* Piecewise linear logistic function, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_limit_f32.h"

#define TMB_KERNEL tmb_hard_sigmoid_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) tmb_limit_f32((alpha) * (x) + (beta), 0.0f, 1.0f)
#include "tmb_unary_loop.h"
