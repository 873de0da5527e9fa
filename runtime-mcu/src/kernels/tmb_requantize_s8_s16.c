/* SPDX-License-Identifier: MIT */
/* int8 to int16 with another scale. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

void tmb_requantize_s8_s16(const int8_t *x, int16_t *y, const tmb_requantize_params *p) {
  const tmb_requantize_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i) {
    const int32_t v = tmb_requantize(x[i] - params.in_zero_point, params.multiplier, params.shift, 0);
    y[i] = (int16_t)tmb_clamp_s32(v, INT16_MIN, INT16_MAX);
  }
}
