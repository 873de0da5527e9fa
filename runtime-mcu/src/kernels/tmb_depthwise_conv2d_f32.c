/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, float32: every output channel reads one input channel. */
#include "thimble/tmb_kernels.h"
#include "tmb_dot_f32.h"
#include "tmb_window.h"

/* One window of the output channels o to o + TMB_LANES - 1, which read the input channels of the same numbers. */
static void tmb_depthwise_conv2d_f32_block(const float *x, const float *w, tmb_taps rows, tmb_taps cols, int32_t o,
                                           float *acc, const tmb_conv2d_f32_params *p) {
  float acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
  int32_t ky, kx;
  for (ky = rows.begin; ky < rows.end; ++ky) {
    const int32_t x_row = (rows.start + ky * p->dilation_h) * p->in_w + cols.start;
    const float *u = w + (ky * p->kernel_w + cols.begin) * p->out_c + o;
    for (kx = cols.begin; kx < cols.end; ++kx) {
      const float *v = x + (x_row + kx * p->dilation_w) * p->in_c + o;
      acc0 += v[0] * u[0];
      acc1 += v[1] * u[1];
      acc2 += v[2] * u[2];
      acc3 += v[3] * u[3];
      u += p->out_c;
    }
  }
  acc[0] = acc0;
  acc[1] = acc1;
  acc[2] = acc2;
  acc[3] = acc3;
}

/* One window of output channel o, which reads input channel i. */
static float tmb_depthwise_conv2d_f32_channel(const float *x, const float *w, tmb_taps rows, tmb_taps cols, int32_t i,
                                              int32_t o, float acc, const tmb_conv2d_f32_params *p) {
  int32_t ky, kx;
  for (ky = rows.begin; ky < rows.end; ++ky) {
    const int32_t x_row = (rows.start + ky * p->dilation_h) * p->in_w + cols.start;
    for (kx = cols.begin; kx < cols.end; ++kx)
      acc += x[(x_row + kx * p->dilation_w) * p->in_c + i] * w[(ky * p->kernel_w + kx) * p->out_c + o];
  }
  return acc;
}

void tmb_depthwise_conv2d_f32(const float *x, const float *w, const float *bias, float *y, const tmb_conv2d_f32_params *p) {
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
            float acc[TMB_LANES];
            for (j = 0; j < TMB_LANES; ++j)
              acc[j] = tmb_bias_f32(bias, o + j);
            tmb_depthwise_conv2d_f32_block(x, w, rows, cols, o, acc, p);
            for (j = 0; j < TMB_LANES; ++j)
              y[o + j] = tmb_clamp_f32(acc[j], p->act_min, p->act_max);
          }
        }
        for (; o < p->out_c; ++o) {
          const int32_t i = outputs_per_input == 1 ? o : o / outputs_per_input;
          const float acc = tmb_depthwise_conv2d_f32_channel(x, w, rows, cols, i, o, tmb_bias_f32(bias, o), p);
          y[o] = tmb_clamp_f32(acc, p->act_min, p->act_max);
        }
      }
    }
  }
}
