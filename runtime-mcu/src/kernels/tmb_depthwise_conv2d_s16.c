/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, int16 activations and int8 weights: every output channel reads one input channel. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_no_inline.h"
#include "tmb_window.h"

/* The sums of one window in `lanes` neighbouring channels, 1 or 4; x and w are the first of these. Positions outside the image are
 * 0, so they are left out. */
TMB_NO_INLINE static void tmb_depthwise_conv2d_s16_sums(const int16_t *x, const int8_t *w, const tmb_taps *rows,
                                                        const tmb_taps *cols, int32_t lanes, int32_t *sums,
                                                        const tmb_conv2d_s8_params *p) {
  const int32_t x_step = p->dilation_w * p->in_c, w_step = p->out_c, taps = cols->end - cols->begin;
  int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3], ky, kx;
  for (ky = rows->begin; ky < rows->end; ++ky) {
    const int16_t *v = x + ((rows->start + ky * p->dilation_h) * p->in_w + cols->start + cols->begin * p->dilation_w) * p->in_c;
    const int8_t *u = w + (ky * p->kernel_w + cols->begin) * w_step;
    if (lanes == 1) {
      for (kx = taps; kx > 0; --kx, v += x_step, u += w_step)
        a += *v * *u;
      continue;
    }
    for (kx = taps; kx > 0; --kx, v += x_step, u += w_step) {
      a += v[0] * u[0];
      b += v[1] * u[1];
      c += v[2] * u[2];
      d += v[3] * u[3];
    }
  }
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

/* All channels of one position. */
static void tmb_depthwise_conv2d_s16_position(const int16_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier,
                                              int16_t *y, const tmb_taps *rows, const tmb_taps *cols,
                                              const tmb_conv2d_s8_params *p) {
  const int32_t channels = p->out_c, per_input = channels == p->in_c ? 1 : channels / p->in_c;
  const int32_t shift = p->shift, act_min = p->act_min, act_max = p->act_max;
  int32_t o, i, lanes, left = per_input;
  for (o = 0; o < channels; o += lanes) {
    int32_t sums[4];
    lanes = per_input == 1 && channels - o >= 4 ? 4 : 1;
    sums[1] = sums[2] = sums[3] = 0;
    for (i = 0; i < lanes; ++i)
      sums[i] = bias[o + i];
    tmb_depthwise_conv2d_s16_sums(x, w + o, rows, cols, lanes, sums, p);
    for (i = 0; i < lanes; ++i)
      y[o + i] = (int16_t)tmb_clamp_s32(tmb_requantize(sums[i], multiplier[o + i], shift, 0), act_min, act_max);
    left -= 1;
    if (left == 0) { /* the next channel of x */
      left = per_input;
      x += lanes;
    }
  }
}

void tmb_depthwise_conv2d_s16(const int16_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int16_t *y,
                              const tmb_conv2d_s8_params *p) {
  int32_t n, oy, ox;
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * p->in_c)
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      for (ox = 0; ox < p->out_w; ++ox, y += p->out_c) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        tmb_depthwise_conv2d_s16_position(x, w, bias, multiplier, y, &rows, &cols, p);
      }
    }
}
