/* SPDX-License-Identifier: MIT */
/* Cumulative sums along an axis, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_cumsum_s64
#define TMB_ELEMENT int64_t
#define TMB_ACCUMULATOR uint64_t
#include "tmb_cumsum_loop.h"
