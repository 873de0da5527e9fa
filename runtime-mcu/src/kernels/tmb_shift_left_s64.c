/* SPDX-License-Identifier: MIT */
/* Elementwise shift to the left, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_shift_left_s64
#define TMB_INPUT int64_t
#define TMB_OUTPUT int64_t
#define TMB_EXPRESSION(a, b) (uint64_t)(b) < 64 ? (uint64_t)(a) << (uint64_t)(b) : 0
#include "tmb_binary_loop.h"
