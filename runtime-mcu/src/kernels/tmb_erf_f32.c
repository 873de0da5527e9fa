/* SPDX-License-Identifier: MIT */
/* Error function, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_erf_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) erff(x)
#include "tmb_unary_loop.h"
