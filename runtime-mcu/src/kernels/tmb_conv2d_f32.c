/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, float32: four windows are gathered, then multiplied with all filters. */
#include "thimble/tmb_kernels.h"
#include "tmb_copy_f32.h"
#include "tmb_limit_f32.h"
#include "tmb_rows_f32.h"

/* One row of a window: the taps from position `ix` on, zeros outside the image. x is the image's row at the group's first channel. */
static float *tmb_conv2d_f32_row(float *to, const float *x, int32_t ix, int32_t depth, const tmb_conv2d_f32_params *p) {
  int32_t kx;
  if (p->groups == 1 && p->dilation_w == 1) { /* the taps inside the image are one run of memory */
    const int32_t before = ix < 0 ? (ix + p->kernel_w < 0 ? p->kernel_w : -ix) : 0;
    const int32_t left = p->in_w - ix;
    const int32_t end = left < before ? before : left < p->kernel_w ? left : p->kernel_w;
    to = tmb_zero_f32(to, before * depth);
    to = tmb_copy_f32(to, x + (ix + before) * depth, (end - before) * depth);
    return tmb_zero_f32(to, (p->kernel_w - end) * depth);
  }
  for (kx = 0; kx < p->kernel_w; ++kx, ix += p->dilation_w) {
    if (ix >= 0 && ix < p->in_w)
      to = tmb_copy_f32(to, x + ix * p->in_c, depth);
    else
      to = tmb_zero_f32(to, depth);
  }
  return to;
}

/* The window at output position (oy, ox), in the order of the weights. x is the image at the group's first channel. */
static float *tmb_conv2d_f32_window(float *to, const float *x, int32_t oy, int32_t ox, int32_t depth,
                                    const tmb_conv2d_f32_params *p) {
  const int32_t ix = ox * p->stride_w - p->pad_left;
  int32_t iy = oy * p->stride_h - p->pad_top;
  int32_t ky;
  for (ky = 0; ky < p->kernel_h; ++ky, iy += p->dilation_h) {
    if (iy >= 0 && iy < p->in_h)
      to = tmb_conv2d_f32_row(to, x + iy * p->in_w * p->in_c, ix, depth, p);
    else
      to = tmb_zero_f32(to, p->kernel_w * depth);
  }
  return to;
}

void tmb_conv2d_f32(const float *x, const float *w, const float *bias, float *y, void *scratch,
                    const tmb_conv2d_f32_params *p) {
  const int32_t image = p->in_h * p->in_w * p->in_c;
  const int32_t depth = p->groups == 1 ? p->in_c : p->in_c / p->groups;
  const int32_t outputs = p->groups == 1 ? p->out_c : p->out_c / p->groups;
  const int32_t size = p->kernel_h * p->kernel_w * depth;
  const int32_t positions = p->out_h * p->out_w;
  const int32_t is_pointwise = p->groups == 1 && p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 &&
                               p->stride_w == 1 && p->out_h == p->in_h && p->out_w == p->in_w && p->pad_top == 0 &&
                               p->pad_left == 0;
  int32_t n, at, g, m;
  for (n = 0; n < p->batch; ++n, x += image) {
    int32_t oy = 0, ox = 0;
    for (at = 0; at < positions; at += 4) {
      const int32_t rows = positions - at < 4 ? positions - at : 4;
      int32_t next_y = oy, next_x = ox;
      for (g = 0; g < p->groups; ++g) {
        float *to = (float *)scratch;
        next_y = oy, next_x = ox;
        if (is_pointwise)
          tmb_copy_f32(to, x + at * size, rows * size);
        for (m = 0; m < rows && !is_pointwise; ++m) {
          to = tmb_conv2d_f32_window(to, x + g * depth, next_y, next_x, depth, p);
          if (++next_x == p->out_w)
            next_x = 0, ++next_y;
        }
        tmb_rows4_f32((const float *)scratch, size, rows, w + g * outputs * size, size, size, bias != NULL ? bias + g * outputs : NULL,
                      y + g * outputs, p->out_c, outputs);
      }
      oy = next_y, ox = next_x;
      tmb_limit_all_f32(y, rows * p->out_c, p->act_min, p->act_max);
      y += rows * p->out_c;
    }
  }
}
