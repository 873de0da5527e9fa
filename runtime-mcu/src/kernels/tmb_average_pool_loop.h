/* SPDX-License-Identifier: MIT */
/* The body of integer average pooling. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL            the function's name
 *   TMB_ELEMENT           the type of activations
 *   tmb_average_position  one output position: see tmb_average_position.h */
#include "tmb_window.h"

void TMB_KERNEL(const TMB_ELEMENT *x, TMB_ELEMENT *y, const tmb_pool2d_params *p) {
  int32_t n, oy, ox;
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * p->channels) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      const int32_t row_count =
          tmb_taps_count(rows, p->in_h, p->dilation_h, p->kernel_h, p->count_include_pad, p->pad_top, p->pad_bottom);
      for (ox = 0; ox < p->out_w; ++ox, y += p->channels) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        const int32_t col_count =
            tmb_taps_count(cols, p->in_w, p->dilation_w, p->kernel_w, p->count_include_pad, p->pad_left, p->pad_right);
        const int32_t count = row_count * col_count;
        tmb_average_position(x, y, rows, cols, count, p);
      }
    }
  }
}

#undef TMB_KERNEL
#undef TMB_ELEMENT
