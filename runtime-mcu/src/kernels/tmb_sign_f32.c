/* SPDX-License-Identifier: MIT */
/* Elementwise sign, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_sign_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) ((x) > 0.0f ? 1.0f : ((x) < 0.0f ? -1.0f : (x))) /* zeros and NaN stay */
#include "tmb_unary_loop.h"
