/* SPDX-License-Identifier: MIT */
/* Clamp of int16 codes. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

void tmb_clamp_s16(const int16_t *x, int16_t *y, const tmb_clamp_s16_params *p) {
  const tmb_clamp_s16_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i)
    y[i] = (int16_t)tmb_clamp_s32(x[i], params.low, params.high);
}
