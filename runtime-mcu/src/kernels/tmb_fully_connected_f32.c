/* SPDX-License-Identifier: MIT */
/* Fully connected layer, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_limit_f32.h"
#include "tmb_rows_f32.h"

void tmb_fully_connected_f32(const float *x, const float *w, const float *bias, float *y,
                             const tmb_fully_connected_f32_params *p) {
  int32_t m;
  for (m = 0; m < p->rows; m += 4) {
    const int32_t rows = p->rows - m < 4 ? p->rows - m : 4;
    tmb_rows4_f32(x, p->depth, rows, w, p->depth, p->depth, bias, y, p->cols, p->cols);
    tmb_limit_all_f32(y, rows * p->cols, p->act_min, p->act_max);
    x += rows * p->depth;
    y += rows * p->cols;
  }
}
