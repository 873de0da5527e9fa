/* SPDX-License-Identifier: MIT */
/* int16 to int16 with another scale. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

void tmb_requantize_s16(const int16_t *x, int16_t *y, const tmb_requantize_params *p) {
  const tmb_requantize_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i)
    y[i] = (int16_t)tmb_clamp_s32(tmb_requantize(x[i], params.multiplier, params.shift, 0), INT16_MIN, INT16_MAX);
}
