/* SPDX-License-Identifier: MIT */
/* int16 to float32. */
#include "thimble/tmb_kernels.h"

void tmb_dequantize_s16_f32(const int16_t *x, float *y, const tmb_quantize_params *p) {
  const tmb_quantize_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i)
    y[i] = (float)x[i] * params.scale;
}
