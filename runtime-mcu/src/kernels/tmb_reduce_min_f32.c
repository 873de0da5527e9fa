/* SPDX-License-Identifier: MIT */
/* Minimum along axes, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reduce_min_f32
#define TMB_PARAMS tmb_reduce_params
#define TMB_ELEMENT float
#define TMB_ACCUMULATOR float
#define TMB_INITIAL(p) INFINITY
#define TMB_STEP(acc, value) ((value) < (acc) || (value) != (value) ? (value) : (acc)) /* NaN wins and stays */
#define TMB_FINISH(acc, count, p) (acc)
#include "tmb_reduce_loop.h"
