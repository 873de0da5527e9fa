/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int16 activations and int8 weights, 64-bit accumulators. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "tmb_wide.h"

#define TMB_SUM int64_t
#define TMB_WIDE 1
#include "tmb_conv2d_s16_dots.h"

#define TMB_KERNEL tmb_conv2d_wide_s16
#define TMB_FINISH(acc, multiplier, shift) tmb_requantize_wide((acc), (multiplier), (shift))
#include "tmb_conv2d_s16_loop.h"
