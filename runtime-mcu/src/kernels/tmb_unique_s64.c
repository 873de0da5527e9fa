/* SPDX-License-Identifier: MIT */
/* Distinct slices along an axis, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_unique_s64
#define TMB_ELEMENT int64_t
#define TMB_COMPARE tmb_unique_s64_compare
#include "tmb_unique_loop.h"
