/* SPDX-License-Identifier: MIT */
/* Elementwise subtraction that wraps around, int32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_sub_s32
#define TMB_INPUT int32_t
#define TMB_OUTPUT int32_t
#define TMB_EXPRESSION(a, b) ((uint32_t)(a) - (uint32_t)(b))
#include "tmb_binary_loop.h"
