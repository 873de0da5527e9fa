/* SPDX-License-Identifier: MIT */
/* Products of rows of activations and rows of weights, float32, of which there are too few for blocks. */
#ifndef TMB_FEW_F32_H
#define TMB_FEW_F32_H

#include <stddef.h>
#include <stdint.h>

#include "tmb_multiply_add_f32.h"

/* y[m * y_step + n] = bias[n] + sum of x[m * x_step + k] * w[n * w_step + k] over k < depth, for m < rows and n < cols. */
static inline void tmb_few_f32(const float *x, int32_t x_step, int32_t rows, const float *w, int32_t w_step, int32_t depth,
                               const float *bias, float *y, int32_t y_step, int32_t cols) {
  int32_t m, n, k;
  for (m = 0; m < rows; ++m)
    for (n = 0; n < cols; ++n) {
      float sum = bias != NULL ? bias[n] : 0.0f;
      for (k = 0; k < depth; ++k)
        sum = tmb_multiply_add_f32(sum, x[m * x_step + k], w[n * w_step + k]);
      y[m * y_step + n] = sum;
    }
}

#endif
