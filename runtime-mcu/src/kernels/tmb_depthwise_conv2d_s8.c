/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, int8: every output channel reads one input channel. */
#include "thimble/tmb_kernels.h"
#include "tmb_dot_s8.h"
#include "tmb_window.h"

/* One window of the output channels o to o + TMB_LANES - 1, which read the input channels of the same numbers. */
static void tmb_depthwise_conv2d_s8_block(const int8_t *x, const int8_t *w, tmb_taps rows, tmb_taps cols, int32_t o,
                                          int32_t *acc, const tmb_conv2d_s8_params *p) {
  const int8_t zero = (int8_t)p->in_zero_point;
  const int8_t padding[TMB_LANES] = {zero, zero, zero, zero};
  int32_t acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
  int32_t ky, kx;
  w += o;
  for (ky = 0; ky < p->kernel_h; ++ky) {
    const int inside = ky >= rows.begin && ky < rows.end;
    const int32_t begin = inside ? cols.begin : p->kernel_w;
    const int32_t end = inside ? cols.end : p->kernel_w;
    const int32_t x_row = (rows.start + ky * p->dilation_h) * p->in_w + cols.start;
    for (kx = 0; kx < p->kernel_w; ++kx) {
      const int8_t *v = kx >= begin && kx < end ? x + (x_row + kx * p->dilation_w) * p->in_c + o : padding;
      acc0 += v[0] * w[0];
      acc1 += v[1] * w[1];
      acc2 += v[2] * w[2];
      acc3 += v[3] * w[3];
      w += p->out_c;
    }
  }
  acc[0] = acc0;
  acc[1] = acc1;
  acc[2] = acc2;
  acc[3] = acc3;
}

/* One window of output channel o, which reads input channel i. */
static int32_t tmb_depthwise_conv2d_s8_channel(const int8_t *x, const int8_t *w, tmb_taps rows, tmb_taps cols, int32_t i,
                                               int32_t o, const tmb_conv2d_s8_params *p) {
  int32_t acc = 0;
  int32_t ky, kx;
  w += o;
  for (ky = 0; ky < p->kernel_h; ++ky) {
    const int inside = ky >= rows.begin && ky < rows.end;
    const int32_t begin = inside ? cols.begin : p->kernel_w;
    const int32_t end = inside ? cols.end : p->kernel_w;
    const int32_t x_row = (rows.start + ky * p->dilation_h) * p->in_w + cols.start;
    for (kx = 0; kx < p->kernel_w; ++kx) {
      const int32_t v = kx >= begin && kx < end ? x[(x_row + kx * p->dilation_w) * p->in_c + i] : p->in_zero_point;
      acc += v * *w;
      w += p->out_c;
    }
  }
  return acc;
}

void tmb_depthwise_conv2d_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                             const tmb_conv2d_s8_params *p) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const int32_t image = p->in_h * p->in_w * p->in_c;
  const int32_t outputs_per_input = p->in_c > 0 ? p->out_c / p->in_c : 1;
  int32_t n, oy, ox, o, j;
  for (n = 0; n < p->batch; ++n, x += image) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox, y += p->out_c) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        o = 0;
        if (outputs_per_input == 1) {
          for (; o + TMB_LANES <= p->out_c; o += TMB_LANES) {
            int32_t acc[TMB_LANES] = {bias[o], bias[o + 1], bias[o + 2], bias[o + 3]};
            tmb_depthwise_conv2d_s8_block(x, w, rows, cols, o, acc, p);
            for (j = 0; j < TMB_LANES; ++j)
              y[o + j] = tmb_finish_s8(acc[j], multiplier[o + j], &out);
          }
        }
        for (; o < p->out_c; ++o) {
          const int32_t i = outputs_per_input == 1 ? o : o / outputs_per_input;
          const int32_t acc = bias[o] + tmb_depthwise_conv2d_s8_channel(x, w, rows, cols, i, o, p);
          y[o] = tmb_finish_s8(acc, multiplier[o], &out);
        }
      }
    }
  }
}
