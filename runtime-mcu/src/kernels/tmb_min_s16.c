/* SPDX-License-Identifier: MIT */
/* Elementwise minimum with broadcasting, int16 of one scale. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_min_s16
#define TMB_INPUT int16_t
#define TMB_OUTPUT int16_t
#define TMB_EXPRESSION(a, b) ((a) < (b) ? (a) : (b))
#include "tmb_binary_loop.h"
