/* SPDX-License-Identifier: MIT */
/* Determinants of square matrices, float32. */
#include <string.h>

#include "thimble/tmb_kernels.h"

static float tmb_det_abs(float value) { return value < 0.0f ? -value : value; }

/* Gaussian elimination with row pivoting, in place. */
static float tmb_det_one(float *a, int32_t n) {
  float det = 1.0f;
  int32_t row, col, k;
  for (k = 0; k < n; ++k) {
    int32_t pivot = k;
    for (row = k + 1; row < n; ++row)
      if (tmb_det_abs(a[row * n + k]) > tmb_det_abs(a[pivot * n + k]))
        pivot = row;
    det *= a[pivot * n + k];
    if (a[pivot * n + k] == 0.0f)
      return det;
    if (pivot != k) {
      det = -det;
      for (col = k; col < n; ++col) {
        const float other = a[k * n + col];
        a[k * n + col] = a[pivot * n + col];
        a[pivot * n + col] = other;
      }
    }
    for (row = k + 1; row < n; ++row) {
      const float factor = a[row * n + k] / a[k * n + k];
      for (col = k + 1; col < n; ++col)
        a[row * n + col] -= factor * a[k * n + col];
    }
  }
  return det;
}

void tmb_det_f32(const float *x, float *y, void *scratch, const tmb_det_params *p) {
  const int32_t elements = p->size * p->size;
  float *matrix = (float *)scratch;
  int32_t i;
  for (i = 0; i < p->count; ++i) {
    memcpy(matrix, x + i * elements, (size_t)elements * sizeof(float));
    y[i] = tmb_det_one(matrix, p->size);
  }
}
