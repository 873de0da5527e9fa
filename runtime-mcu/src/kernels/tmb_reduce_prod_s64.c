/* SPDX-License-Identifier: MIT */
/* Product along axes that wraps around, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reduce_prod_s64
#define TMB_PARAMS tmb_reduce_params
#define TMB_ELEMENT int64_t
#define TMB_ACCUMULATOR uint64_t
#define TMB_INITIAL(p) 1
#define TMB_STEP(acc, value) ((acc) * (uint64_t)(value))
#define TMB_FINISH(acc, count, p) (acc)
#include "tmb_reduce_loop.h"
