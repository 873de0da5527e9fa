/* SPDX-License-Identifier: MIT */
/* 2-D average pooling, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_window.h"

void tmb_average_pool2d_f32(const float *x, float *y, const tmb_pool2d_params *p) {
  const int32_t channels = p->channels;
  int32_t n, oy, ox, ky, kx, c;
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * channels) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      const int32_t row_count =
          tmb_taps_count(rows, p->in_h, p->dilation_h, p->kernel_h, p->count_include_pad, p->pad_top, p->pad_bottom);
      for (ox = 0; ox < p->out_w; ++ox, y += channels) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        const int32_t col_count =
            tmb_taps_count(cols, p->in_w, p->dilation_w, p->kernel_w, p->count_include_pad, p->pad_left, p->pad_right);
        const int32_t count = row_count * col_count;
        for (c = 0; c < channels; ++c)
          y[c] = 0.0f;
        for (ky = rows.begin; ky < rows.end; ++ky) {
          for (kx = cols.begin; kx < cols.end; ++kx) {
            const int32_t row = rows.start + ky * p->dilation_h, col = cols.start + kx * p->dilation_w;
            const float *pixel = x + (row * p->in_w + col) * channels;
            for (c = 0; c < channels; ++c)
              y[c] += pixel[c];
          }
        }
        for (c = 0; c < channels && count > 0; ++c)
          y[c] /= (float)count;
      }
    }
  }
}
