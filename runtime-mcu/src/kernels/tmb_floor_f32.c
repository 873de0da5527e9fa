/* SPDX-License-Identifier: MIT */
/* Rounding down, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_floor_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) floorf(x)
#include "tmb_unary_loop.h"
