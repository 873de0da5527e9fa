/* SPDX-License-Identifier: MIT */
/* Fully connected layer, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_rows_s8.h"

void tmb_fully_connected_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                            const tmb_fully_connected_s8_params *p) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  tmb_rows_s8(x, w, bias, multiplier, y, p->rows, p->depth, p->cols, &out);
}
