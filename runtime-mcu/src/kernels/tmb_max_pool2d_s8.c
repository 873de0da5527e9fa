/* SPDX-License-Identifier: MIT */
/* 2-D max pooling, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_largest_s8.h"
#include "tmb_window.h"

void tmb_max_pool2d_s8(const int8_t *x, int8_t *y, const tmb_pool2d_params *p) {
  const int32_t channels = p->channels;
  tmb_part part;
  int32_t n, oy, ox;
  part.x = x;
  part.row_step = p->dilation_h * p->in_w * channels;
  part.col_step = p->dilation_w * channels;
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * channels) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      part.rows = rows.end - rows.begin;
      for (ox = 0; ox < p->out_w; ++ox, y += channels) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        part.cols = cols.end - cols.begin;
        if (part.rows == 0 || part.cols == 0)
          part.rows = part.cols = 0;
        else
          part.x = x + ((rows.start + rows.begin * p->dilation_h) * p->in_w + cols.start + cols.begin * p->dilation_w) * channels;
        tmb_largest_s8(&part, y, channels);
        part.rows = rows.end - rows.begin;
      }
    }
  }
}
