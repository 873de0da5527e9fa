/* SPDX-License-Identifier: MIT */
/* Elementwise inverse hyperbolic cosine, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_acosh_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) acoshf(x)
#include "tmb_unary_loop.h"
