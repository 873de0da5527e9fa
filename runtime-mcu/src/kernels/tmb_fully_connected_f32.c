/* SPDX-License-Identifier: MIT */
/* Fully connected layer, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_rows_f32.h"

void tmb_fully_connected_f32(const float *x, const float *w, const float *bias, float *y,
                             const tmb_fully_connected_f32_params *p) {
  tmb_rows_f32(x, w, bias, y, p->rows, p->depth, p->cols, p->act_min, p->act_max);
}
