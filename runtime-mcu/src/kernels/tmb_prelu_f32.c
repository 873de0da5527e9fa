/* SPDX-License-Identifier: MIT */
/* Leaky rectifier with a tensor of slopes, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_prelu_f32
#define TMB_INPUT float
#define TMB_OUTPUT float
#define TMB_EXPRESSION(a, b) ((a) < 0.0f ? (a) * (b) : (a))
#include "tmb_binary_loop.h"
