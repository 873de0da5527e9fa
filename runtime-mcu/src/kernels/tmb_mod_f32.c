/* SPDX-License-Identifier: MIT */
/* Elementwise remainder with the sign of the dividend, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_mod_f32
#define TMB_INPUT float
#define TMB_OUTPUT float
#define TMB_EXPRESSION(a, b) fmodf((a), (b))
#include "tmb_binary_loop.h"
