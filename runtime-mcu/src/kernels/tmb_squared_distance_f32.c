/* SPDX-License-Identifier: MIT */
/* Squared Euclidean distances between the rows of two matrices. */
#include "thimble/tmb_kernels.h"

void tmb_squared_distance_f32(const float *x, const float *v, float *y, const tmb_squared_distance_params *p) {
  int32_t row, col, d;
  for (row = 0; row < p->rows; ++row) {
    const float *other = v;
    for (col = 0; col < p->cols; ++col) {
      float sum = 0.0f;
      for (d = 0; d < p->depth; ++d) {
        const float difference = x[d] - other[d];
        sum += difference * difference;
      }
      *y++ = sum;
      other += p->depth;
    }
    x += p->depth;
  }
}
