/* SPDX-License-Identifier: MIT */
/* Root-mean-square normalization, float32. */
#include <math.h>
#include <stddef.h>

#include "thimble/tmb_kernels.h"

void tmb_rms_norm_f32(const float *x, const float *scale, const float *bias, float *y, const tmb_layer_norm_params *p) {
  const tmb_layer_norm_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t o, d;
  for (o = 0; o < params.outer; ++o, x += params.depth, y += params.depth) {
    float squares = 0.0f;
    float factor;
    for (d = 0; d < params.depth; ++d)
      squares += x[d] * x[d];
    factor = 1.0f / sqrtf(squares / (float)params.depth + params.epsilon);
    for (d = 0; d < params.depth; ++d)
      y[d] = x[d] * factor * scale[d] + (bias != NULL ? bias[d] : 0.0f);
  }
}
