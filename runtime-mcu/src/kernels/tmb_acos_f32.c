/* SPDX-License-Identifier: MIT */
/* Elementwise arc cosine, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_acos_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) acosf(x)
#include "tmb_unary_loop.h"
