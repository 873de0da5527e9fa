/* SPDX-License-Identifier: MIT */
/* Index of the largest element along an axis, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_arg_max_f32
#define TMB_ELEMENT float
#define TMB_BETTER(a, b) ((a) > (b))
#include "tmb_arg_loop.h"
