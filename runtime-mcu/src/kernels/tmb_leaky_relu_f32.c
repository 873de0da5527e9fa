/* SPDX-License-Identifier: MIT */
/* Leaky rectifier, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_leaky_relu_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) ((x) < 0.0f ? (x) * (alpha) : (x))
#include "tmb_unary_loop.h"
