/* SPDX-License-Identifier: MIT */
/* Elementwise power, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_pow_f32
#define TMB_INPUT float
#define TMB_OUTPUT float
#define TMB_EXPRESSION(a, b) powf((a), (b))
#include "tmb_binary_loop.h"
