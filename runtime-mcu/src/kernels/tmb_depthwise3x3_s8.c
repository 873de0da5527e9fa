/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution of 3 by 3 taps, int8, one channel after the other so that it can run in place. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_finish_s8.h"
#include "tmb_no_inline.h"

/* One row of outputs from three rows of activations of one channel. */
TMB_NO_INLINE static void tmb_depthwise3x3_s8_row(const int8_t *const *rows, const int32_t *w, int8_t *y,
                                                  const tmb_output_s8 *out, const tmb_conv2d_s8_params *p) {
  const int8_t *weights = (const int8_t *)(w + 2); /* tmb_layout.h: bytes 0, 1 and 3 of a word for each column of taps */
  const int8_t *a = rows[0], *b = rows[1], *c = rows[2];
  int32_t ox, k;
  for (ox = 0; ox < p->out_w; ++ox, y += p->out_c) {
    const int32_t at = ox * p->stride_w;
    int32_t acc = w[0];
    for (k = 0; k < 3; ++k) {
      const int8_t *u = weights + 4 * k;
      acc += a[at + k] * u[0] + b[at + k] * u[1] + c[at + k] * u[3];
    }
    *y = tmb_finish_s8(acc, w[1], out);
  }
}

/* The rows of outputs [oy, end) of one channel of one image. Rows wait in a ring of three, between columns of padding, until all
 * outputs that need them exist. */
static void tmb_depthwise3x3_s8_channel(const int8_t *x, const int32_t *w, int8_t *y, int8_t *ring, int32_t oy, int32_t end,
                                        const tmb_output_s8 *out, const tmb_conv2d_s8_params *p) {
  const int32_t width = tmb_depthwise3x3_s8_width(p);
  const int32_t room = width - p->pad_left, count = p->in_w < room ? p->in_w : room;
  int32_t next = oy * p->stride_h; /* row of the padded image */
  int32_t i;
  for (; oy < end; ++oy) {
    const int8_t *rows[3];
    for (; next < oy * p->stride_h + 3; ++next) {
      int8_t *to = ring + next % 3 * width + p->pad_left;
      const int32_t iy = next - p->pad_top;
      for (i = 0; i < count; ++i)
        to[i] = iy >= 0 && iy < p->in_h ? x[(iy * p->in_w + i) * p->in_c] : (int8_t)p->in_zero_point;
    }
    for (i = 0; i < 3; ++i)
      rows[i] = ring + (oy * p->stride_h + i) % 3 * width;
    tmb_depthwise3x3_s8_row(rows, w, y + oy * p->out_w * p->out_c, out, p);
  }
}

void tmb_depthwise3x3_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p) {
  const tmb_output_s8 out = {0, p->out_zero_point, p->act_min, p->act_max};
  /* With stride 2 row by row, so that outputs need not go to where their own channel has been read. */
  const int32_t step = p->stride_h == 2 ? 1 : p->out_h;
  int8_t *ring = (int8_t *)scratch;
  int32_t n, oy, c, i;
  for (i = 0; i < 3 * tmb_depthwise3x3_s8_width(p); ++i)
    ring[i] = (int8_t)p->in_zero_point;
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * p->in_c, y += p->out_h * p->out_w * p->out_c)
    for (oy = 0; oy < p->out_h; oy += step)
      for (c = 0; c < p->out_c; ++c)
        tmb_depthwise3x3_s8_channel(x + c, w + TMB_DEPTHWISE3X3_S8_WORDS * c, y + c, ring, oy, oy + step, &out, p);
}
