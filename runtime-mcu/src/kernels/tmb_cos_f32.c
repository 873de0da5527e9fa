/* SPDX-License-Identifier: MIT */
/* Elementwise cosine, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_cos_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) cosf(x)
#include "tmb_unary_loop.h"
