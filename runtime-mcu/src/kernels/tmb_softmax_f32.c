/* SPDX-License-Identifier: MIT */
/* Softmax, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

/* One row of `depth` elements that lie `step` apart. */
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

void tmb_softmax_f32(const float *x, float *y, const tmb_softmax_params *p) {
  int32_t o, i;
  if (p->depth == 0)
    return;
  for (o = 0; o < p->outer; ++o) {
    const int32_t slab = o * p->depth * p->inner;
    for (i = 0; i < p->inner; ++i)
      tmb_softmax_f32_row(x + slab + i, y + slab + i, p->depth, p->inner);
  }
}
