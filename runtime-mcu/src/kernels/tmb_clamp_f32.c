/* SPDX-License-Identifier: MIT */
/* Clamping to an interval, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_limit_f32.h"

#define TMB_KERNEL tmb_clamp_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) tmb_limit_f32((x), (alpha), (beta))
#include "tmb_unary_loop.h"
