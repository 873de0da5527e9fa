/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, int16 activations and int8 weights: every output channel reads one input channel. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_no_inline.h"
#include "tmb_window.h"

/* The sum of one window. Positions outside the image are 0, so they are left out. */
TMB_NO_INLINE static int32_t tmb_depthwise_conv2d_s16_sum(const int16_t *x, const int8_t *w, tmb_taps rows, tmb_taps cols,
                                                          int32_t acc, const tmb_conv2d_s8_params *p) {
  const int32_t x_step = p->dilation_w * p->in_c, w_step = p->out_c;
  int32_t ky, kx;
  for (ky = rows.begin; ky < rows.end; ++ky) {
    const int16_t *v = x + ((rows.start + ky * p->dilation_h) * p->in_w + cols.start + cols.begin * p->dilation_w) * p->in_c;
    const int8_t *u = w + (ky * p->kernel_w + cols.begin) * w_step;
    for (kx = cols.begin; kx < cols.end; ++kx, v += x_step, u += w_step)
      acc += *v * *u;
  }
  return acc;
}

void tmb_depthwise_conv2d_s16(const int16_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int16_t *y,
                              const tmb_conv2d_s8_params *p) {
  const int32_t image = p->in_h * p->in_w * p->in_c, per_input = p->out_c == p->in_c ? 1 : p->out_c / p->in_c;
  int32_t n, oy, ox, i, j;
  for (n = 0; n < p->batch; ++n, x += image) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        int32_t o = 0;
        for (i = 0; i < p->in_c; ++i) {
          for (j = 0; j < per_input; ++j, ++o) {
            const int32_t acc = tmb_depthwise_conv2d_s16_sum(x + i, w + o, rows, cols, bias[o], p);
            *y++ = (int16_t)tmb_clamp_s32(tmb_requantize(acc, multiplier[o], p->shift, 0), p->act_min, p->act_max);
          }
        }
      }
    }
  }
}
