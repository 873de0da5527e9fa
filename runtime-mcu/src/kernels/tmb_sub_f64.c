/* SPDX-License-Identifier: MIT */
/* Elementwise subtraction, float64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_sub_f64
#define TMB_INPUT double
#define TMB_OUTPUT double
#define TMB_EXPRESSION(a, b) ((a) - (b))
#include "tmb_binary_loop.h"
