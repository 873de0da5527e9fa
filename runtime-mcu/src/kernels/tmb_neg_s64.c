/* SPDX-License-Identifier: MIT */
/* Elementwise negation that wraps around, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_neg_s64
#define TMB_ELEMENT int64_t
#define TMB_EXPRESSION(x, alpha, beta) (0 - (uint64_t)(x))
#include "tmb_unary_loop.h"
