/* SPDX-License-Identifier: MIT */
/* float32 to int8. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

void tmb_quantize_f32_s8(const float *x, int8_t *y, const tmb_quantize_params *p) {
  const tmb_quantize_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i) {
    const float v = x[i] * params.scale;
    int32_t q = 0; /* what NaN gives */
    if (v >= 512.0f)
      q = 512; /* saturates with every zero point, as does all beyond */
    else if (v <= -512.0f)
      q = -512;
    else if (v == v)
      q = (int32_t)((v + 12582912.0f) - 12582912.0f); /* 1.5 * 2^23: the sum has no bits behind the point */
    y[i] = (int8_t)tmb_clamp_s32(q + params.zero_point, INT8_MIN, INT8_MAX);
  }
}
