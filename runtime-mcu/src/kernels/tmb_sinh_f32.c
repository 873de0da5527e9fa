/* SPDX-License-Identifier: MIT */
/* Elementwise hyperbolic sine, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_sinh_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) sinhf(x)
#include "tmb_unary_loop.h"
