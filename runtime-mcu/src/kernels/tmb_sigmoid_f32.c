/* SPDX-License-Identifier: MIT */
/* Logistic function, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_sigmoid_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) (1.0f / (1.0f + expf(-(x))))
#include "tmb_unary_loop.h"
