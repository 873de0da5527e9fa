/* SPDX-License-Identifier: MIT */
/* Elementwise arc tangent, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_atan_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) atanf(x)
#include "tmb_unary_loop.h"
