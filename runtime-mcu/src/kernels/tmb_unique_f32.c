/* SPDX-License-Identifier: MIT */
/* Distinct slices along an axis, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_unique_f32
#define TMB_ELEMENT float
#define TMB_COMPARE tmb_unique_f32_compare
#include "tmb_unique_loop.h"
