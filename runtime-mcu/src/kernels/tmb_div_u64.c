/* SPDX-License-Identifier: MIT */
/* Elementwise quotient, uint64; 0 where the divisor is 0. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_div_u64
#define TMB_INPUT uint64_t
#define TMB_OUTPUT uint64_t
#define TMB_EXPRESSION(a, b) ((b) != 0 ? (a) / (b) : 0)
#include "tmb_binary_loop.h"
