/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, float32: every output channel reads one input channel. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "tmb_limit_f32.h"
#include "tmb_no_inline.h"
#include "tmb_window.h"

/* Channels that are computed together. */
#define TMB_LANES 4

/* acc[j] += sum of x[t * x_step + j] * w[t * w_step + j] over t < count, for j < lanes, which is 1 or TMB_LANES. */
TMB_NO_INLINE static void tmb_depthwise_conv2d_f32_taps(const float *x, int32_t x_step, const float *w, int32_t w_step,
                                                        int32_t count, int32_t lanes, float *acc) {
  int32_t t;
  if (lanes == TMB_LANES) {
    float acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
    for (t = 0; t < count; ++t) {
      const float *v = x + t * x_step;
      const float *u = w + t * w_step;
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
    float sum = acc[0];
    for (t = 0; t < count; ++t)
      sum += x[t * x_step] * w[t * w_step];
    acc[0] = sum;
  }
}

/* All output channels of one output position. */
static void tmb_depthwise_conv2d_f32_position(const float *x, const float *w, const float *bias, float *y, tmb_taps rows,
                                              tmb_taps cols, const tmb_conv2d_f32_params *p) {
  const int32_t outputs_per_input = p->out_c == p->in_c ? 1 : p->out_c / p->in_c;
  int32_t o, j, ky, lanes;
  for (o = 0; o < p->out_c; o += lanes) {
    const int32_t i = outputs_per_input == 1 ? o : o / outputs_per_input;
    float acc[TMB_LANES];
    /* Neighbours are computed together if they read neighbours. */
    lanes = outputs_per_input == 1 && p->out_c - o >= TMB_LANES ? TMB_LANES : 1;
    for (j = 0; j < lanes; ++j)
      acc[j] = bias != NULL ? bias[o + j] : 0.0f;
    for (ky = rows.begin; ky < rows.end && cols.begin < cols.end; ++ky) {
      const int32_t row = rows.start + ky * p->dilation_h, col = cols.start + cols.begin * p->dilation_w;
      tmb_depthwise_conv2d_f32_taps(x + (row * p->in_w + col) * p->in_c + i, p->dilation_w * p->in_c,
                                    w + (ky * p->kernel_w + cols.begin) * p->out_c + o, p->out_c, cols.end - cols.begin, lanes,
                                    acc);
    }
    for (j = 0; j < lanes; ++j)
      y[o + j] = tmb_limit_f32(acc[j], p->act_min, p->act_max);
  }
}

void tmb_depthwise_conv2d_f32(const float *x, const float *w, const float *bias, float *y, const tmb_conv2d_f32_params *p) {
  const int32_t image = p->in_h * p->in_w * p->in_c;
  int32_t n, oy, ox;
  for (n = 0; n < p->batch; ++n) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        tmb_depthwise_conv2d_f32_position(x + n * image, w, bias, y, rows, cols, p);
        y += p->out_c;
      }
    }
  }
}
