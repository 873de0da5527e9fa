/* SPDX-License-Identifier: MIT */
/* int16 to int8 with another scale. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

void tmb_requantize_s16_s8(const int16_t *x, int8_t *y, const tmb_requantize_params *p) {
  const tmb_requantize_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i) {
    const int32_t v = tmb_requantize(x[i], params.multiplier, params.shift, params.out_zero_point);
    y[i] = (int8_t)tmb_clamp_s32(v, INT8_MIN, INT8_MAX);
  }
}
