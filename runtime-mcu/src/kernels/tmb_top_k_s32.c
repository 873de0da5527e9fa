/* SPDX-License-Identifier: MIT */
/* The largest or smallest elements along an axis, in order, int32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_top_k_s32
#define TMB_ELEMENT int32_t
#define TMB_BEFORE tmb_top_k_s32_before
#define TMB_IS_NAN(a) ((void)(a), 0)
#include "tmb_top_k_loop.h"
