/* SPDX-License-Identifier: MIT */
/* Elementwise maximum, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_max_f32
#define TMB_INPUT float
#define TMB_OUTPUT float
#define TMB_EXPRESSION(a, b) ((a) > (b) || (a) != (a) ? (a) : (b)) /* a NaN on either side wins */
#include "tmb_binary_loop.h"
