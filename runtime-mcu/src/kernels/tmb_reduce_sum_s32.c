/* SPDX-License-Identifier: MIT */
/* Sum along axes that wraps around, int32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reduce_sum_s32
#define TMB_PARAMS tmb_reduce_params
#define TMB_ELEMENT int32_t
#define TMB_ACCUMULATOR uint32_t
#define TMB_INITIAL(p) 0
#define TMB_STEP(acc, value) ((acc) + (uint32_t)(value))
#define TMB_FINISH(acc, count, p) (acc)
#include "tmb_reduce_loop.h"
