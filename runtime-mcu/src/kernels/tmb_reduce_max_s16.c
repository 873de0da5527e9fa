/* SPDX-License-Identifier: MIT */
/* Maximum along axes, int16. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_reduce_max_s16
#define TMB_PARAMS tmb_reduce_params
#define TMB_ELEMENT int16_t
#define TMB_ACCUMULATOR int16_t
#define TMB_INITIAL(p) INT16_MIN
#define TMB_STEP(acc, value) ((value) > (acc) ? (value) : (acc))
#define TMB_FINISH(acc, count, p) (acc)
#include "tmb_reduce_loop.h"
