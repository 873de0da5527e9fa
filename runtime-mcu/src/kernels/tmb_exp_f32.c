/* SPDX-License-Identifier: MIT */
/* Exponential, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_exp_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) expf(x)
#include "tmb_unary_loop.h"
