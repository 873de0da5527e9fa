/* SPDX-License-Identifier: MIT */
/* Cumulative sums along an axis, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_cumsum_f32
#define TMB_ELEMENT float
#define TMB_ACCUMULATOR float
#include "tmb_cumsum_loop.h"
