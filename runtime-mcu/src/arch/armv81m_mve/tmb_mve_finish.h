/* SPDX-License-Identifier: MIT */
/* How four accumulators become int8 outputs with MVE: tmb_finish_s8, four at a time. */
#ifndef TMB_MVE_FINISH_H
#define TMB_MVE_FINISH_H

#include <arm_mve.h>

#include "tmb_finish_s8.h"

/* floor(acc * 2^shift * multiplier / 2^32 + zero_point + 1/2), clamped: VRMULH rounds as tmb_requantize does. */
static inline int32x4_t tmb_mve_finish(int32x4_t acc, int32x4_t multiplier, const tmb_output_s8 *out) {
  if (out->shift > 0) {
    const int32_t limit = INT32_MAX >> out->shift;
    acc = vmaxq_s32(vminq_s32(acc, vdupq_n_s32(limit)), vdupq_n_s32(-limit));
    acc = vshlq_r_s32(acc, out->shift);
  }
  acc = vaddq_n_s32(vrmulhq_s32(acc, multiplier), out->zero_point);
  return vmaxq_s32(vminq_s32(acc, vdupq_n_s32(out->act_max)), vdupq_n_s32(out->act_min));
}

#endif
