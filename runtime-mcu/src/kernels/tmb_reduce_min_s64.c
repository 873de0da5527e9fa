/* SPDX-License-Identifier: MIT */
/* Minimum along axes, int64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reduce_min_s64
#define TMB_PARAMS tmb_reduce_params
#define TMB_ELEMENT int64_t
#define TMB_ACCUMULATOR int64_t
#define TMB_INITIAL(p) INT64_MAX
#define TMB_STEP(acc, value) ((value) < (acc) ? (value) : (acc))
#define TMB_FINISH(acc, count, p) (acc)
#include "tmb_reduce_loop.h"
