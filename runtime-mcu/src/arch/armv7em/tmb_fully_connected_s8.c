/* SPDX-License-Identifier: MIT */
/* Fully connected layer, int8, with the DSP instructions of Armv7E-M. */
#include "thimble/tmb_kernels.h"
#include "tmb_dsp_row.h"

void tmb_fully_connected_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                            const tmb_fully_connected_s8_params *p) {
  const tmb_dsp_output out = tmb_dsp_output_of(p->shift, p->out_zero_point, p->act_min, p->act_max);
  int32_t m;
  for (m = 0; m < p->rows; ++m)
    tmb_row(x + m * p->depth, w, bias, multiplier, y + m * p->cols, p->depth, p->cols, &out);
}
