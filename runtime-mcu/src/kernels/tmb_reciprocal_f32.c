/* SPDX-License-Identifier: MIT */
/* Elementwise reciprocal, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reciprocal_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) (1.0f / (x))
#include "tmb_unary_loop.h"
