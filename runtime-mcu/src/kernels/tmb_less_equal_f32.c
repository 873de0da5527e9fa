/* SPDX-License-Identifier: MIT */
/* Elementwise comparison a <= b, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_less_equal_f32
#define TMB_INPUT float
#define TMB_OUTPUT uint8_t
#define TMB_EXPRESSION(a, b) ((a) <= (b))
#include "tmb_binary_loop.h"
