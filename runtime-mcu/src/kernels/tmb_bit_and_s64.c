/* SPDX-License-Identifier: MIT */
/* Elementwise and of bits, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_bit_and_s64
#define TMB_INPUT int64_t
#define TMB_OUTPUT int64_t
#define TMB_EXPRESSION(a, b) (a) & (b)
#include "tmb_binary_loop.h"
