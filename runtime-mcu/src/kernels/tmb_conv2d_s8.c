/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int8; also with a residual that is added, and of images in planes. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_finish_s8.h"
#include "tmb_no_inline.h"
#include "tmb_planes_window_s8.h"

/* Positions that are computed together: their windows are read before the first of their outputs is written. */
#define TMB_POSITIONS 2

/* Copies the window at (iy, ix) of the image x, seen from the group's first channel. Its activations take the order of the
 * weights: of each block of four, the second and third change places. */
static void tmb_conv2d_s8_copy(int8_t *to, const int8_t *x, int32_t iy, int32_t ix, const tmb_conv2d_s8_layout *layout,
                               const tmb_conv2d_s8_params *p) {
  const int32_t depth = p->groups <= 1 ? p->in_c : p->in_c / p->groups;
  const int32_t per_row = layout->runs == p->kernel_h ? p->kernel_w : 1; /* taps in a run */
  int32_t run = 0;
  int32_t ky, kx, tap, i;
  for (i = 0; i < 4; ++i)
    to[layout->depth - 4 + i] = 0;
  for (ky = 0; ky < p->kernel_h; ++ky) {
    const int32_t row = iy + ky * p->dilation_h;
    for (kx = 0; kx < p->kernel_w; kx += per_row, ++run) {
      int32_t at = 0;
      for (tap = kx; tap < kx + per_row; ++tap) {
        const int32_t col = ix + tap * p->dilation_w;
        const int inside = row >= 0 && row < p->in_h && col >= 0 && col < p->in_w;
        const int32_t from = (row * p->in_w + col) * p->in_c;
        for (i = 0; i < depth; ++i, ++at)
          to[tmb_conv2d_s8_slot(layout, run, at)] = inside ? x[from + i] : (int8_t)p->in_zero_point;
      }
    }
  }
  for (i = 0; i < layout->depth; i += 4) {
    const int8_t second = to[i + 1];
    to[i + 1] = to[i + 2];
    to[i + 2] = second;
  }
}

/* The same of an image in planes. */
static void tmb_conv2d_s8_copy_planes(int8_t *to, const int8_t *x, int32_t iy, int32_t ix, const tmb_conv2d_s8_layout *layout,
                                      const tmb_conv2d_planes_s8_params *planes) {
  int32_t i;
  for (i = 0; i < 4; ++i)
    to[layout->depth - 4 + i] = 0;
  tmb_planes_window_s8(to, x, iy, ix, planes);
}

/* Two channels at two positions, whose windows lie `depth` apart: acc[position][channel]. Returns the end of the weights. */
TMB_NO_INLINE static const int8_t *tmb_conv2d_s8_dot(const int8_t *x, const int8_t *w, int32_t depth, int32_t *acc) {
  const int8_t *end = x + depth;
  int32_t acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
  for (; x != end; ++x, w += 2) {
    const int32_t first = x[0], second = x[depth], a = w[0], b = w[1];
    acc0 += first * a;
    acc1 += first * b;
    acc2 += second * a;
    acc3 += second * b;
  }
  acc[0] = acc0;
  acc[1] = acc1;
  acc[2] = acc2;
  acc[3] = acc3;
  return w;
}

/* What is added to an output. */
typedef struct tmb_residual_s8 {
  const int8_t *r; /* where y is */
  const tmb_conv2d_add_s8_params *p;
} tmb_residual_s8;

static int8_t tmb_conv2d_s8_add(int8_t c, int8_t r, const tmb_conv2d_add_s8_params *p) {
  const int32_t sum = c * p->c_multiplier + r * p->r_multiplier + p->sum_offset;
  return (int8_t)tmb_clamp_s32(sum >> TMB_CONV2D_ADD_S8_SHIFT, p->sum_min, p->sum_max);
}

/* All output channels of a group at up to two positions, whose windows are in `windows`. */
static void tmb_conv2d_s8_group(const int8_t *windows, const int32_t *w, int8_t *y, int32_t positions,
                                const tmb_conv2d_s8_layout *layout, const tmb_output_s8 *out, int32_t y_stride,
                                const tmb_residual_s8 *residual) {
  int32_t c, i;
  (void)residual;
  for (c = 0; c < layout->cols; c += 2, w += layout->words) {
    const int32_t *multiplier = w + layout->words - 2;
    int32_t acc[2 * TMB_POSITIONS];
    acc[0] = acc[2] = w[0];
    acc[1] = acc[3] = w[1];
    tmb_conv2d_s8_dot(windows, (const int8_t *)(w + 2), layout->depth, acc);
    for (i = 0; i < positions; ++i) {
      y[i * y_stride + c] = tmb_finish_s8(acc[2 * i], multiplier[0], out);
      if (c + 1 < layout->cols)
        y[i * y_stride + c + 1] = tmb_finish_s8(acc[2 * i + 1], multiplier[1], out);
    }
  }
}

/* The same with the residual. */
static void tmb_conv2d_s8_group_add(const int8_t *windows, const int32_t *w, int8_t *y, int32_t positions,
                                    const tmb_conv2d_s8_layout *layout, const tmb_output_s8 *out, int32_t y_stride,
                                    const tmb_residual_s8 *residual) {
  int32_t c, i;
  for (c = 0; c < layout->cols; c += 2, w += layout->words) {
    const int32_t *multiplier = w + layout->words - 2;
    int32_t acc[2 * TMB_POSITIONS];
    acc[0] = acc[2] = w[0];
    acc[1] = acc[3] = w[1];
    tmb_conv2d_s8_dot(windows, (const int8_t *)(w + 2), layout->depth, acc);
    for (i = 0; i < positions; ++i) {
      const int32_t at = i * y_stride + c;
      y[at] = tmb_conv2d_s8_add(tmb_finish_s8(acc[2 * i], multiplier[0], out), residual->r[at], residual->p);
      if (c + 1 < layout->cols)
        y[at + 1] = tmb_conv2d_s8_add(tmb_finish_s8(acc[2 * i + 1], multiplier[1], out), residual->r[at + 1], residual->p);
    }
  }
}

/* One of the two above. */
typedef void (*tmb_conv2d_s8_finish)(const int8_t *windows, const int32_t *w, int8_t *y, int32_t positions,
                                     const tmb_conv2d_s8_layout *layout, const tmb_output_s8 *out, int32_t y_stride,
                                     const tmb_residual_s8 *residual);

/* residual->r is where y is. */
static void tmb_conv2d_s8_run(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p,
                              tmb_conv2d_s8_finish finish, tmb_residual_s8 *residual) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const tmb_conv2d_s8_layout layout = tmb_conv2d_s8_layout_of(p);
  const int32_t image = p->out_h * p->out_w;
  const int32_t total = p->batch * image;
  const int32_t group_words = (layout.cols + 1) / 2 * layout.words;
  const int8_t *r = residual->r;
  int8_t *windows = (int8_t *)scratch;
  int32_t g, position, i;
  for (g = 0; g < p->groups; ++g) {
    const int32_t channel = g == 0 ? 0 : g * (p->in_c / p->groups);
    for (position = 0; position < total; position += TMB_POSITIONS) {
      const int32_t positions = total - position < TMB_POSITIONS ? total - position : TMB_POSITIONS;
      for (i = 0; i < TMB_POSITIONS; ++i) {
        /* Without a second position, the first stands in for it. */
        const int32_t at = i < positions ? position + i : position;
        const int32_t n = at / image, row = (at - n * image) / p->out_w, col = (at - n * image) % p->out_w;
        tmb_conv2d_s8_copy(windows + i * layout.depth, x + n * p->in_h * p->in_w * p->in_c + channel,
                           row * p->stride_h - p->pad_top, col * p->stride_w - p->pad_left, &layout, p);
      }
      residual->r = r + position * p->out_c + g * layout.cols;
      finish(windows, w + g * group_words, y + position * p->out_c + g * layout.cols, positions, &layout, &out, p->out_c, residual);
    }
  }
}

void tmb_conv2d_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p) {
  tmb_residual_s8 none;
  none.r = y;
  none.p = NULL;
  tmb_conv2d_s8_run(x, w, y, scratch, p, tmb_conv2d_s8_group, &none);
}

void tmb_conv2d_add_s8(const int8_t *x, const int8_t *r, const int32_t *w, int8_t *y, void *scratch,
                       const tmb_conv2d_add_s8_params *p) {
  tmb_residual_s8 residual;
  residual.r = r;
  residual.p = p;
  tmb_conv2d_s8_run(x, w, y, scratch, &p->conv, tmb_conv2d_s8_group_add, &residual);
}

void tmb_conv2d_planes_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_planes_s8_params *planes) {
  const tmb_conv2d_s8_params *p = &planes->conv;
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const tmb_conv2d_s8_layout layout = tmb_conv2d_planes_s8_layout_of(p);
  const int32_t image = p->out_h * p->out_w;
  const int32_t total = p->batch * image;
  int8_t *windows = (int8_t *)scratch;
  int32_t position, i;
  for (position = 0; position < total; position += TMB_POSITIONS) {
    const int32_t positions = total - position < TMB_POSITIONS ? total - position : TMB_POSITIONS;
    for (i = 0; i < TMB_POSITIONS; ++i) {
      const int32_t at = i < positions ? position + i : position;
      const int32_t n = at / image, row = (at - n * image) / p->out_w, col = (at - n * image) % p->out_w;
      tmb_conv2d_s8_copy_planes(windows + i * layout.depth, x + n * p->in_c * planes->plane, row * p->stride_h - p->pad_top,
                                col * p->stride_w - p->pad_left, &layout, planes);
    }
    tmb_conv2d_s8_group(windows, w, y + position * p->out_c, positions, &layout, &out, p->out_c, NULL);
  }
}
