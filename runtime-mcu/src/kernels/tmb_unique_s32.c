/* SPDX-License-Identifier: MIT */
/* Distinct slices along an axis, int32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_unique_s32
#define TMB_ELEMENT int32_t
#define TMB_COMPARE tmb_unique_s32_compare
#include "tmb_unique_loop.h"
