/* SPDX-License-Identifier: MIT */
/* Elementwise absolute value, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_abs_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) fabsf(x)
#include "tmb_unary_loop.h"
