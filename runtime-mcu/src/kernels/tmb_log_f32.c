/* SPDX-License-Identifier: MIT */
/* Natural logarithm, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_log_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) logf(x)
#include "tmb_unary_loop.h"
