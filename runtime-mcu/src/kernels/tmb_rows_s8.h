/* SPDX-License-Identifier: MIT */
/* Matrix product of activations and weights, int8: fully connected layers and 1x1 convolutions. */
#ifndef TMB_ROWS_S8_H
#define TMB_ROWS_S8_H

#include "tmb_dot_s8.h"
#include "tmb_finish_s8.h"

/* y[m][n] from x[rows][depth], w[cols][depth], bias[cols] and multiplier[cols]. */
static inline void tmb_rows_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                               int32_t rows, int32_t depth, int32_t cols, const tmb_output_s8 *out) {
  int32_t m, n, j;
  for (m = 0; m < rows; ++m, x += depth, y += cols) {
    for (n = 0; n < cols; n += TMB_LANES) {
      const int32_t lanes = cols - n < TMB_LANES ? cols - n : TMB_LANES;
      int32_t acc[TMB_LANES];
      for (j = 0; j < lanes; ++j)
        acc[j] = bias[n + j];
      tmb_dot_s8(x, w + n * depth, depth, depth, lanes, acc);
      for (j = 0; j < lanes; ++j)
        y[n + j] = tmb_finish_s8(acc[j], multiplier[n + j], out);
    }
  }
}

#endif
