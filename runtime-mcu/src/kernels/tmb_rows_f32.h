/* SPDX-License-Identifier: MIT */
/* Matrix product of activations and weights, float32: fully connected layers and 1x1 convolutions. */
#ifndef TMB_ROWS_F32_H
#define TMB_ROWS_F32_H

#include <stddef.h>

#include "tmb_dot_f32.h"
#include "tmb_limit_f32.h"

/* y[m][n] from x[rows][depth], w[cols][depth] and bias[cols], which may be null. */
static inline void tmb_rows_f32(const float *x, const float *w, const float *bias, float *y, int32_t rows, int32_t depth,
                                int32_t cols, float act_min, float act_max) {
  int32_t m, n, j;
  for (m = 0; m < rows; ++m, x += depth, y += cols) {
    for (n = 0; n < cols; n += TMB_LANES) {
      const int32_t lanes = cols - n < TMB_LANES ? cols - n : TMB_LANES;
      float acc[TMB_LANES];
      for (j = 0; j < lanes; ++j)
        acc[j] = bias != NULL ? bias[n + j] : 0.0f;
      tmb_dot_f32(x, w + n * depth, depth, depth, lanes, acc);
      for (j = 0; j < lanes; ++j)
        y[n + j] = tmb_limit_f32(acc[j], act_min, act_max);
    }
  }
}

#endif
