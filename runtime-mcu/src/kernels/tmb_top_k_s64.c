/* SPDX-License-Identifier: MIT */
/* The largest or smallest elements along an axis, in order, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_top_k_s64
#define TMB_ELEMENT int64_t
#define TMB_BEFORE tmb_top_k_s64_before
#define TMB_IS_NAN(a) ((void)(a), 0)
#include "tmb_top_k_loop.h"
