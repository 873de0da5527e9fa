/* SPDX-License-Identifier: MIT */
/* Sigmoid linear unit, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_silu_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) ((x) / (1.0f + expf(-(x))))
#include "tmb_unary_loop.h"
