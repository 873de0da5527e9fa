/* SPDX-License-Identifier: MIT */
/* Exponential linear unit, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_elu_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) ((x) < 0.0f ? (alpha) * (expf(x) - 1.0f) : (x))
#include "tmb_unary_loop.h"
