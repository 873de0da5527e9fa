/* SPDX-License-Identifier: MIT */
/* Index of the largest element along an axis, int16. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_arg_max_s16
#define TMB_ELEMENT int16_t
#define TMB_BETTER(a, b) ((a) > (b))
#include "tmb_arg_loop.h"
