/* SPDX-License-Identifier: MIT */
/* Elementwise addition that wraps around, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_add_s64
#define TMB_INPUT int64_t
#define TMB_OUTPUT int64_t
#define TMB_EXPRESSION(a, b) ((uint64_t)(a) + (uint64_t)(b))
#include "tmb_binary_loop.h"
