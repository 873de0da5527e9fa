/* SPDX-License-Identifier: MIT */
/* Rounding to the nearest integer, halves to even, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_round_f32
#define TMB_ELEMENT float
#define TMB_EXPRESSION(x, alpha, beta) rintf(x)
#include "tmb_unary_loop.h"
