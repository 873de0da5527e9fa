/* SPDX-License-Identifier: MIT */
/* Elementwise absolute value that wraps around, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_abs_s64
#define TMB_ELEMENT int64_t
#define TMB_EXPRESSION(x, alpha, beta) ((x) < 0 ? 0 - (uint64_t)(x) : (uint64_t)(x))
#include "tmb_unary_loop.h"
