/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int16 activations and int8 weights, 32-bit accumulators. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

#define TMB_SUM int32_t
#define TMB_WIDE 0
#include "tmb_conv2d_s16_dots.h"

#define TMB_KERNEL tmb_conv2d_s16
#define TMB_FINISH(acc, multiplier, shift) tmb_requantize((acc), (multiplier), (shift), 0)
#include "tmb_conv2d_s16_loop.h"
