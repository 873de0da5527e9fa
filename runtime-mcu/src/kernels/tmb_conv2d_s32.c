/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int32, exact modulo 2^32. */
#include "thimble/tmb_kernels.h"
#include "tmb_window.h"

/* One output. x is the image at the group's first channel, w the weights of the output channel. */
static int32_t tmb_conv2d_s32_sum(const int32_t *x, const int32_t *w, tmb_taps rows, tmb_taps cols,
                                  const tmb_conv2d_f32_params *p) {
  const int32_t depth = p->in_c / p->groups;
  uint32_t sum = 0; /* unsigned numbers wrap around */
  int32_t ky, kx, c;
  for (ky = rows.begin; ky < rows.end; ++ky) {
    for (kx = cols.begin; kx < cols.end; ++kx) {
      const int32_t position = (rows.start + ky * p->dilation_h) * p->in_w + cols.start + kx * p->dilation_w;
      const int32_t *from = x + position * p->in_c;
      const int32_t *by = w + (ky * p->kernel_w + kx) * depth;
      for (c = 0; c < depth; ++c)
        sum += (uint32_t)from[c] * (uint32_t)by[c];
    }
  }
  return (int32_t)sum;
}

void tmb_conv2d_s32(const int32_t *x, const int32_t *w, int32_t *y, const tmb_conv2d_f32_params *p) {
  const int32_t image = p->in_h * p->in_w * p->in_c;
  const int32_t depth = p->in_c / p->groups;
  const int32_t group_out_c = p->out_c / p->groups;
  int32_t n, oy, ox, o;
  for (n = 0; n < p->batch; ++n) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        for (o = 0; o < p->out_c; ++o)
          *y++ = tmb_conv2d_s32_sum(x + n * image + o / group_out_c * depth, w + o * p->kernel_h * p->kernel_w * depth, rows,
                                    cols, p);
      }
    }
  }
}
