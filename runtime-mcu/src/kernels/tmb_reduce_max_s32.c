/* SPDX-License-Identifier: MIT */
/* Maximum along axes, int32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reduce_max_s32
#define TMB_PARAMS tmb_reduce_params
#define TMB_ELEMENT int32_t
#define TMB_ACCUMULATOR int32_t
#define TMB_INITIAL(p) INT32_MIN
#define TMB_STEP(acc, value) ((value) > (acc) ? (value) : (acc))
#define TMB_FINISH(acc, count, p) (acc)
#include "tmb_reduce_loop.h"
