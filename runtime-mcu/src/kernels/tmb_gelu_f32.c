/* SPDX-License-Identifier: MIT */
/* Gaussian error linear unit, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_gelu_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) (0.5f * (x) * (1.0f + erff(0.70710678f * (x)))) /* 1 / sqrt(2) */
#include "tmb_unary_loop.h"
