/* SPDX-License-Identifier: MIT */
/* Square root, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_sqrt_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) sqrtf(x)
#include "tmb_unary_loop.h"
