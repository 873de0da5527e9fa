/* SPDX-License-Identifier: MIT */
/* float32 to int16. */
#include "thimble/tmb_kernels.h"

void tmb_quantize_f32_s16(const float *x, int16_t *y, const tmb_quantize_params *p) {
  const tmb_quantize_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i) {
    const float v = x[i] * params.scale;
    int32_t q = 0; /* what NaN gives */
    if (v >= 32767.0f)
      q = INT16_MAX;
    else if (v <= -32768.0f)
      q = INT16_MIN;
    else if (v == v)
      q = (int32_t)((v + 12582912.0f) - 12582912.0f); /* 1.5 * 2^23: the sum has no bits behind the point */
    y[i] = (int16_t)q;
  }
}
