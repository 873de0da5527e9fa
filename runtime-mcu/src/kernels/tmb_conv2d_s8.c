/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_rows_s8.h"
#include "tmb_window.h"

/* acc[j] += zero_point * sum of w[j * w_stride + k] over k < count: taps that read padding. */
static void tmb_conv2d_s8_padding(int32_t zero_point, const int8_t *w, int32_t w_stride, int32_t count, int32_t lanes,
                                  int32_t *acc) {
  int32_t j, k;
  for (j = 0; j < lanes; ++j) {
    const int8_t *row = w + j * w_stride;
    int32_t sum = 0;
    for (k = 0; k < count; ++k)
      sum += row[k];
    acc[j] += zero_point * sum;
  }
}

/* Adds one window to acc. x is the image at the group's first channel, w the weights of the first of `lanes` outputs. */
static void tmb_conv2d_s8_window(const int8_t *x, const int8_t *w, tmb_taps rows, tmb_taps cols, int32_t lanes, int32_t *acc,
                                 const tmb_conv2d_s8_params *p) {
  const int32_t depth = p->groups == 1 ? p->in_c : p->in_c / p->groups;
  const int32_t w_row_size = p->kernel_w * depth;
  const int32_t w_stride = p->kernel_h * w_row_size;
  /* A row of taps is one run of memory if neither groups nor dilation leave gaps in it. */
  const int32_t run = p->groups == 1 && p->dilation_w == 1 ? cols.end - cols.begin : 1;
  int32_t ky, kx;
  for (ky = 0; ky < p->kernel_h; ++ky) {
    const int8_t *w_row = w + ky * w_row_size;
    const int inside = ky >= rows.begin && ky < rows.end;
    const int32_t begin = inside ? cols.begin : p->kernel_w;
    const int32_t end = inside ? cols.end : p->kernel_w;
    const int32_t x_row = (rows.start + ky * p->dilation_h) * p->in_w + cols.start;
    for (kx = begin; kx < end; kx += run)
      tmb_dot_s8(x + (x_row + kx * p->dilation_w) * p->in_c, w_row + kx * depth, w_stride, run * depth, lanes, acc);
    if (p->in_zero_point != 0) {
      tmb_conv2d_s8_padding(p->in_zero_point, w_row, w_stride, begin * depth, lanes, acc);
      tmb_conv2d_s8_padding(p->in_zero_point, w_row + end * depth, w_stride, (p->kernel_w - end) * depth, lanes, acc);
    }
  }
}

/* All output channels of one output position. */
static void tmb_conv2d_s8_position(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                                   tmb_taps rows, tmb_taps cols, const tmb_output_s8 *out, const tmb_conv2d_s8_params *p) {
  const int32_t depth = p->groups == 1 ? p->in_c : p->in_c / p->groups;
  const int32_t group_out_c = p->groups == 1 ? p->out_c : p->out_c / p->groups;
  const int32_t w_stride = p->kernel_h * p->kernel_w * depth;
  int32_t g, o, j;
  for (g = 0; g < p->groups; ++g) {
    const int32_t end = (g + 1) * group_out_c;
    for (o = g * group_out_c; o < end; o += TMB_LANES) {
      const int32_t lanes = end - o < TMB_LANES ? end - o : TMB_LANES;
      int32_t acc[TMB_LANES];
      for (j = 0; j < lanes; ++j)
        acc[j] = bias[o + j];
      tmb_conv2d_s8_window(x + g * depth, w + o * w_stride, rows, cols, lanes, acc, p);
      for (j = 0; j < lanes; ++j)
        y[o + j] = tmb_finish_s8(acc[j], multiplier[o + j], out);
    }
  }
}

void tmb_conv2d_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                   const tmb_conv2d_s8_params *p) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const int32_t image = p->in_h * p->in_w * p->in_c;
  int32_t n, oy, ox;
  if (p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->groups == 1 && p->pad_top == 0 &&
      p->pad_left == 0 && p->out_h == p->in_h && p->out_w == p->in_w) {
    tmb_rows_s8(x, w, bias, multiplier, y, p->batch * p->in_h * p->in_w, p->in_c, p->out_c, &out);
    return;
  }
  for (n = 0; n < p->batch; ++n) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        tmb_conv2d_s8_position(x + n * image, w, bias, multiplier, y, rows, cols, &out, p);
        y += p->out_c;
      }
    }
  }
}
