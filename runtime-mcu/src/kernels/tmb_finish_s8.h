/* SPDX-License-Identifier: MIT */
/* How the accumulators of convolutions and matrix products become int8 outputs. */
#ifndef TMB_FINISH_S8_H
#define TMB_FINISH_S8_H

#include "thimble/tmb_requant.h"

typedef struct tmb_output_s8 {
  int32_t shift, zero_point;
  int32_t act_min, act_max;
} tmb_output_s8;

static inline int8_t tmb_finish_s8(int32_t acc, int32_t multiplier, const tmb_output_s8 *out) {
  return (int8_t)tmb_clamp_s32(tmb_requantize(acc, multiplier, out->shift, out->zero_point), out->act_min, out->act_max);
}

#endif
