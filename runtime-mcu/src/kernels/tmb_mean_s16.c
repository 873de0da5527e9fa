/* SPDX-License-Identifier: MIT */
/* Mean or sum along axes, int16. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

#define TMB_KERNEL tmb_mean_s16
#define TMB_PARAMS tmb_mean_s8_params
#define TMB_ELEMENT int16_t
#define TMB_ACCUMULATOR int32_t
#define TMB_INITIAL(p) ((p)->bias)
#define TMB_STEP(acc, value) ((acc) + (value))
#define TMB_FINISH(acc, count, p)                                                                                              \
  tmb_clamp_s32(tmb_requantize_even((acc), (p)->multiplier, (p)->shift, 0), INT16_MIN, INT16_MAX)
#include "tmb_reduce_loop.h"
