/* SPDX-License-Identifier: MIT */
/* Sum along axes, float32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reduce_sum_f32
#define TMB_PARAMS tmb_reduce_params
#define TMB_ELEMENT float
#define TMB_ACCUMULATOR float
#define TMB_INITIAL(p) 0.0f
#define TMB_STEP(acc, value) ((acc) + (value))
#define TMB_FINISH(acc, count, p) (acc)
#include "tmb_reduce_loop.h"
