/* SPDX-License-Identifier: MIT */
/* Elementwise logical shift to the right, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_shift_right_s64
#define TMB_INPUT int64_t
#define TMB_OUTPUT int64_t
#define TMB_EXPRESSION(a, b) (uint64_t)(b) < 64 ? (uint64_t)(a) >> (uint64_t)(b) : 0
#include "tmb_binary_loop.h"
