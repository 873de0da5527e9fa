/* SPDX-License-Identifier: MIT */
/* Rounding up, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_ceil_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) ceilf(x)
#include "tmb_unary_loop.h"
