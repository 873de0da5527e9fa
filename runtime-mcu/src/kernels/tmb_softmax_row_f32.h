/* SPDX-License-Identifier: MIT */
/* Softmax of a row, float32. */
#ifndef TMB_SOFTMAX_ROW_F32_H
#define TMB_SOFTMAX_ROW_F32_H

#include <math.h>
#include <stdint.h>

/* `depth` elements, at least one, that lie `step` apart. y may be x. */
static void tmb_softmax_f32_row(const float *x, float *y, int32_t depth, int32_t step) {
  float max = x[0];
  float sum = 0.0f;
  float inverse;
  int32_t d;
  for (d = 1; d < depth; ++d)
    max = x[d * step] > max ? x[d * step] : max;
  for (d = 0; d < depth; ++d) {
    const float e = expf(x[d * step] - max); /* in 0 to 1: never overflows */
    y[d * step] = e;
    sum += e;
  }
  inverse = 1.0f / sum; /* the sum is at least 1 */
  for (d = 0; d < depth; ++d)
    y[d * step] *= inverse;
}

#endif
