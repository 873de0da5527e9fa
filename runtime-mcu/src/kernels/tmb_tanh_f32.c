/* SPDX-License-Identifier: MIT */
/* Hyperbolic tangent, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_tanh_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) tanhf(x)
#include "tmb_unary_loop.h"
