/* SPDX-License-Identifier: MIT */
/* Cumulative sums along an axis, int32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_cumsum_s32
#define TMB_ELEMENT int32_t
#define TMB_ACCUMULATOR uint32_t
#include "tmb_cumsum_loop.h"
