/* SPDX-License-Identifier: MIT */
/* 2-D max pooling, int16. */
#include "thimble/tmb_kernels.h"
#include "tmb_window.h"

void tmb_max_pool2d_s16(const int16_t *x, int16_t *y, const tmb_pool2d_params *p) {
  const int32_t channels = p->channels;
  int32_t n, oy, ox, ky, kx, c;
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * channels) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox, y += channels) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        for (c = 0; c < channels; ++c)
          y[c] = INT16_MIN;
        for (ky = rows.begin; ky < rows.end; ++ky) {
          for (kx = cols.begin; kx < cols.end; ++kx) {
            const int32_t row = rows.start + ky * p->dilation_h, col = cols.start + kx * p->dilation_w;
            const int16_t *pixel = x + (row * p->in_w + col) * channels;
            for (c = 0; c < channels; ++c) {
              if (pixel[c] > y[c])
                y[c] = pixel[c];
            }
          }
        }
      }
    }
  }
}
