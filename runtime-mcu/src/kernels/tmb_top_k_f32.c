/* SPDX-License-Identifier: MIT */
/* The largest or smallest elements along an axis, in order, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_top_k_f32
#define TMB_ELEMENT float
#define TMB_BEFORE tmb_top_k_f32_before
#define TMB_IS_NAN(a) ((a) != (a))
#include "tmb_top_k_loop.h"
