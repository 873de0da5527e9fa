/* SPDX-License-Identifier: MIT */
/* Elementwise sine, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_sin_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) sinf(x)
#include "tmb_unary_loop.h"
