/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, int8: every output channel reads one input channel. */
#include "thimble/tmb_kernels.h"
#include "tmb_finish_s8.h"
#include "tmb_no_inline.h"
#include "tmb_window.h"

/* Channels that are computed together. */
#define TMB_LANES 4

/* acc[j] += sum of x[t * x_step + j] * w[t * w_step + j] over t < count, for j < lanes, which is 1 or TMB_LANES. */
TMB_NO_INLINE static void tmb_depthwise_conv2d_s8_taps(const int8_t *x, int32_t x_step, const int8_t *w, int32_t w_step,
                                                       int32_t count, int32_t lanes, int32_t *acc) {
  int32_t t;
  if (lanes == TMB_LANES) {
    int32_t acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
    for (t = 0; t < count; ++t) {
      const int8_t *v = x + t * x_step;
      const int8_t *u = w + t * w_step;
      acc0 += v[0] * u[0];
      acc1 += v[1] * u[1];
      acc2 += v[2] * u[2];
      acc3 += v[3] * u[3];
    }
    acc[0] = acc0;
    acc[1] = acc1;
    acc[2] = acc2;
    acc[3] = acc3;
  } else {
    int32_t sum = acc[0];
    for (t = 0; t < count; ++t)
      sum += x[t * x_step] * w[t * w_step];
    acc[0] = sum;
  }
}

/* Adds one window to acc. x is the image at the first of `lanes` channels, w the weights of the first output channel. */
static void tmb_depthwise_conv2d_s8_window(const int8_t *x, const int8_t *w, tmb_taps rows, tmb_taps cols, int32_t lanes,
                                           int32_t *acc, const tmb_conv2d_s8_params *p) {
  const int8_t zero = (int8_t)p->in_zero_point;
  const int8_t padding[TMB_LANES] = {zero, zero, zero, zero}; /* a pixel outside the image: read with a step of 0 */
  int32_t ky;
  for (ky = 0; ky < p->kernel_h; ++ky) {
    const int8_t *w_row = w + ky * p->kernel_w * p->out_c;
    const int inside = ky >= rows.begin && ky < rows.end;
    const int32_t begin = inside ? cols.begin : p->kernel_w;
    const int32_t end = inside ? cols.end : p->kernel_w;
    const int32_t row = rows.start + ky * p->dilation_h, col = cols.start + begin * p->dilation_w;
    if (begin > 0)
      tmb_depthwise_conv2d_s8_taps(padding, 0, w_row, p->out_c, begin, lanes, acc);
    if (end > begin)
      tmb_depthwise_conv2d_s8_taps(x + (row * p->in_w + col) * p->in_c, p->dilation_w * p->in_c, w_row + begin * p->out_c,
                                   p->out_c, end - begin, lanes, acc);
    if (end < p->kernel_w)
      tmb_depthwise_conv2d_s8_taps(padding, 0, w_row + end * p->out_c, p->out_c, p->kernel_w - end, lanes, acc);
  }
}

/* All output channels of one output position. */
static void tmb_depthwise_conv2d_s8_position(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier,
                                             int8_t *y, tmb_taps rows, tmb_taps cols, const tmb_output_s8 *out,
                                             const tmb_conv2d_s8_params *p) {
  const int32_t outputs_per_input = p->out_c == p->in_c ? 1 : p->out_c / p->in_c;
  int32_t o, j, lanes;
  for (o = 0; o < p->out_c; o += lanes) {
    const int32_t i = outputs_per_input == 1 ? o : o / outputs_per_input;
    int32_t acc[TMB_LANES];
    /* Neighbours are computed together if they read neighbours. */
    lanes = outputs_per_input == 1 && p->out_c - o >= TMB_LANES ? TMB_LANES : 1;
    for (j = 0; j < lanes; ++j)
      acc[j] = bias[o + j];
    tmb_depthwise_conv2d_s8_window(x + i, w + o, rows, cols, lanes, acc, p);
    for (j = 0; j < lanes; ++j)
      y[o + j] = tmb_finish_s8(acc[j], multiplier[o + j], out);
  }
}

void tmb_depthwise_conv2d_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                             const tmb_conv2d_s8_params *p) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const int32_t image = p->in_h * p->in_w * p->in_c;
  int32_t n, oy, ox;
  for (n = 0; n < p->batch; ++n) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        tmb_depthwise_conv2d_s8_position(x + n * image, w, bias, multiplier, y, rows, cols, &out, p);
        y += p->out_c;
      }
    }
  }
}
