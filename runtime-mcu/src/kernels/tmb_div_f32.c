/* SPDX-License-Identifier: MIT */
/* Elementwise division, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_div_f32
#define TMB_INPUT float
#define TMB_OUTPUT float
#define TMB_EXPRESSION(a, b) ((a) / (b))
#include "tmb_binary_loop.h"
