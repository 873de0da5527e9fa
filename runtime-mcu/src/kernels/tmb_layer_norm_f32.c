/* SPDX-License-Identifier: MIT */
/* Layer normalization, float32. */
#include <math.h>
#include <stddef.h>

#include "thimble/tmb_kernels.h"

void tmb_layer_norm_f32(const float *x, const float *scale, const float *bias, float *y, const tmb_layer_norm_params *p) {
  const tmb_layer_norm_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t o, d;
  for (o = 0; o < params.outer; ++o, x += params.depth, y += params.depth) {
    float sum = 0.0f, squares = 0.0f;
    float mean, factor;
    for (d = 0; d < params.depth; ++d)
      sum += x[d];
    mean = sum / (float)params.depth;
    for (d = 0; d < params.depth; ++d)
      squares += (x[d] - mean) * (x[d] - mean); /* a second pass: sum of x * x - mean * mean would cancel */
    factor = 1.0f / sqrtf(squares / (float)params.depth + params.epsilon);
    for (d = 0; d < params.depth; ++d)
      y[d] = (x[d] - mean) * factor * scale[d] + (bias != NULL ? bias[d] : 0.0f);
  }
}
