/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, float32: every output channel reads one input channel. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "tmb_limit_f32.h"
#include "tmb_multiply_add_f32.h"
#include "tmb_no_inline.h"
#include "tmb_window.h"

/* The taps of a window that lie inside the image, and the distances between them. */
typedef struct tmb_depthwise_f32_taps {
  int32_t rows, cols;
  int32_t x_row, x_col, w_row, w_col;
} tmb_depthwise_f32_taps;

/* Four channels of one position times their weights. */
#define TMB_CHANNELS4(x, s0, s1, s2, s3)                                                                                       \
  s0 = tmb_multiply_add_f32(s0, (x)[0], b0), s1 = tmb_multiply_add_f32(s1, (x)[1], b1),                                        \
  s2 = tmb_multiply_add_f32(s2, (x)[2], b2), s3 = tmb_multiply_add_f32(s3, (x)[3], b3)

/* Four channels of four positions, x_step apart in x and y_step in y: each weight is loaded once for four products. */
TMB_NO_INLINE static void tmb_depthwise_f32_block4(const float *x, int32_t x_step, const float *w, const float *bias, float *y,
                                                   int32_t y_step, const tmb_depthwise_f32_taps *t) {
  float s00 = 0.0f, s01 = 0.0f, s02 = 0.0f, s03 = 0.0f;
  float s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33;
  int32_t ky, kx;
  if (bias != NULL)
    s00 = bias[0], s01 = bias[1], s02 = bias[2], s03 = bias[3];
  s30 = s20 = s10 = s00, s31 = s21 = s11 = s01, s32 = s22 = s12 = s02, s33 = s23 = s13 = s03;
  for (ky = t->rows; ky > 0; --ky, x += t->x_row, w += t->w_row) {
    const float *x0 = x, *x1 = x0 + x_step, *x2 = x1 + x_step, *x3 = x2 + x_step, *v = w;
    const int32_t x_col = t->x_col, w_col = t->w_col;
    for (kx = t->cols; kx > 0; --kx, x0 += x_col, x1 += x_col, x2 += x_col, x3 += x_col, v += w_col) {
      const float b0 = v[0], b1 = v[1], b2 = v[2], b3 = v[3];
      TMB_CHANNELS4(x0, s00, s01, s02, s03);
      TMB_CHANNELS4(x1, s10, s11, s12, s13);
      TMB_CHANNELS4(x2, s20, s21, s22, s23);
      TMB_CHANNELS4(x3, s30, s31, s32, s33);
    }
  }
  y[0] = s00, y[1] = s01, y[2] = s02, y[3] = s03;
  y += y_step;
  y[0] = s10, y[1] = s11, y[2] = s12, y[3] = s13;
  y += y_step;
  y[0] = s20, y[1] = s21, y[2] = s22, y[3] = s23;
  y += y_step;
  y[0] = s30, y[1] = s31, y[2] = s32, y[3] = s33;
}

/* The same for one position. */
TMB_NO_INLINE static void tmb_depthwise_f32_block1(const float *x, const float *w, const float *bias, float *y,
                                                   const tmb_depthwise_f32_taps *t) {
  float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
  int32_t ky, kx;
  if (bias != NULL)
    s0 = bias[0], s1 = bias[1], s2 = bias[2], s3 = bias[3];
  for (ky = t->rows; ky > 0; --ky, x += t->x_row, w += t->w_row) {
    const float *x0 = x, *v = w;
    for (kx = t->cols; kx > 0; --kx, x0 += t->x_col, v += t->w_col) {
      const float b0 = v[0], b1 = v[1], b2 = v[2], b3 = v[3];
      TMB_CHANNELS4(x0, s0, s1, s2, s3);
    }
  }
  y[0] = s0, y[1] = s1, y[2] = s2, y[3] = s3;
}

/* Channel by channel: few of them, or several for each channel of x. */
static void tmb_depthwise_f32_single(const float *x, const float *w, const float *bias, float *y, int32_t channels,
                                     int32_t outputs_per_input, const tmb_depthwise_f32_taps *t) {
  int32_t o, ky, kx, left = outputs_per_input;
  for (o = 0; o < channels; ++o) {
    float sum = bias != NULL ? bias[o] : 0.0f;
    for (ky = 0; ky < t->rows; ++ky)
      for (kx = 0; kx < t->cols; ++kx)
        sum = tmb_multiply_add_f32(sum, x[ky * t->x_row + kx * t->x_col], w[ky * t->w_row + kx * t->w_col + o]);
    y[o] = sum;
    if (--left == 0) {
      left = outputs_per_input;
      ++x;
    }
  }
}

/* All channels of `positions` output positions, 1 or 4, one below the other, whose windows meet the image with the same taps. */
static void tmb_depthwise_f32_positions(const float *x, const float *w, const float *bias, float *y, int32_t positions,
                                        const tmb_depthwise_f32_taps *t, const tmb_conv2d_f32_params *p) {
  const int32_t x_step = p->stride_h * p->in_w * p->in_c, y_step = p->out_w * p->out_c;
  const int32_t channels = p->out_c;
  int32_t o, m;
  for (o = 0; o < channels && channels == p->in_c && channels >= 4; o += 4) {
    const int32_t at = o < channels - 4 ? o : channels - 4; /* the last block begins earlier, to be whole */
    const float *b = bias != NULL ? bias + at : NULL;
    if (positions == 4)
      tmb_depthwise_f32_block4(x + at, x_step, w + at, b, y + at, y_step, t);
    else
      tmb_depthwise_f32_block1(x + at, w + at, b, y + at, t);
  }
  for (m = 0; m < positions; ++m, x += x_step, y += y_step) {
    if (o == 0)
      tmb_depthwise_f32_single(x, w, bias, y, channels, channels == p->in_c ? 1 : channels / p->in_c, t);
    tmb_limit_all_f32(y, channels, p->act_min, p->act_max);
  }
}

void tmb_depthwise_conv2d_f32(const float *x, const float *w, const float *bias, float *y, const tmb_conv2d_f32_params *p) {
  const int32_t image = p->in_h * p->in_w * p->in_c;
  int32_t n, oy, ox, positions;
  for (n = 0; n < p->batch; ++n, x += image) {
    for (oy = 0; oy < p->out_h; oy += positions) {
      const int32_t iy = oy * p->stride_h - p->pad_top;
      const tmb_taps rows = tmb_taps_inside(iy, p->in_h, p->dilation_h, p->kernel_h);
      positions = oy + 4 <= p->out_h && iy >= 0 && iy + 3 * p->stride_h + (p->kernel_h - 1) * p->dilation_h < p->in_h ? 4 : 1;
      for (ox = 0; ox < p->out_w; ++ox) {
        const int32_t ix = ox * p->stride_w - p->pad_left;
        const tmb_taps cols = tmb_taps_inside(ix, p->in_w, p->dilation_w, p->kernel_w);
        const int32_t row = iy + rows.begin * p->dilation_h, col = ix + cols.begin * p->dilation_w;
        tmb_depthwise_f32_taps t;
        t.rows = rows.end - rows.begin;
        t.cols = cols.end - cols.begin;
        if (t.cols == 0)
          t.rows = 0; /* the window misses the image */
        t.x_row = p->dilation_h * p->in_w * p->in_c;
        t.x_col = p->dilation_w * p->in_c;
        t.w_row = p->kernel_w * p->out_c;
        t.w_col = p->out_c;
        tmb_depthwise_f32_positions(t.rows == 0 ? x : x + (row * p->in_w + col) * p->in_c,
                                    w + (rows.begin * p->kernel_w + cols.begin) * p->out_c, bias, y + ox * p->out_c, positions,
                                    &t, p);
      }
      y += positions * p->out_w * p->out_c;
    }
  }
}
