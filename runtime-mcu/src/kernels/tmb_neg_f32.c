/* SPDX-License-Identifier: MIT */
/* Elementwise negation, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_neg_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) (-(x))
#include "tmb_unary_loop.h"
