/* SPDX-License-Identifier: MIT */
/* The body of the int16 convolutions. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL                                the function's name
 *   TMB_SUM                                   the type of accumulators, int32_t or int64_t
 *   TMB_DOT(x, w, pairs, sums)                adds to the TMB_SUM sums of two channels what `pairs` pairs of activations give
 *   TMB_DOT2(x0, x1, w, pairs, sums)          the same for two windows: sums[0..1] of the first, sums[2..3] of the second;
 *                                             both are those of tmb_conv2d_s16_dots.h
 *   TMB_FINISH(acc, multiplier, shift)        the output, not yet clamped */
#include "thimble/tmb_layout.h"

/* The window at (iy, ix) of the image x, seen from the group's first channel: where its activations lie side by side, in x or, with
 * zeros for padding, in `copy`. */
static const int16_t *tmb_conv2d_s16_window(const int16_t *x, int32_t iy, int32_t ix, int16_t *copy, int32_t pairs,
                                            const tmb_conv2d_s8_params *p) {
  const int32_t depth = p->groups <= 1 ? p->in_c : p->in_c / p->groups;
  int32_t ky, kx, i;
  int16_t *to = copy;
  if (!tmb_conv2d_s16_copies(p))
    return x + (iy * p->in_w + ix) * p->in_c;
  for (ky = 0; ky < p->kernel_h; ++ky) {
    const int32_t row = iy + ky * p->dilation_h;
    for (kx = 0; kx < p->kernel_w; ++kx, to += depth) {
      const int32_t col = ix + kx * p->dilation_w;
      if (row >= 0 && row < p->in_h && col >= 0 && col < p->in_w) {
        const int16_t *from = x + (row * p->in_w + col) * p->in_c;
        for (i = 0; i < depth; ++i)
          to[i] = from[i];
      } else {
        for (i = 0; i < depth; ++i)
          to[i] = 0;
      }
    }
  }
  if (to != copy + 2 * pairs)
    *to = 0; /* the other half of the last pair */
  return copy;
}

/* All output channels of a group at one or two positions. */
static void tmb_conv2d_s16_group(const int16_t *first, const int16_t *second, const int32_t *w, int16_t *y, int32_t positions,
                                 const tmb_conv2d_s16_layout *layout, const tmb_conv2d_s8_params *p) {
  int32_t c, i;
  for (c = 0; c < layout->cols; c += 2, w += layout->words) {
    const int32_t *multiplier = w + layout->words - 2;
    const int32_t lanes = layout->cols - c < 2 ? 1 : 2;
    TMB_SUM sums[4];
    sums[0] = sums[2] = w[0];
    sums[1] = sums[3] = w[1];
    if (positions == 2)
      TMB_DOT2(first, second, w + 2, layout->pairs, sums);
    else
      TMB_DOT(first, w + 2, layout->pairs, sums);
    for (i = 0; i < lanes; ++i) {
      y[c + i] = (int16_t)tmb_clamp_s32(TMB_FINISH(sums[i], multiplier[i], p->shift), p->act_min, p->act_max);
      if (positions == 2)
        y[p->out_c + c + i] = (int16_t)tmb_clamp_s32(TMB_FINISH(sums[2 + i], multiplier[i], p->shift), p->act_min, p->act_max);
    }
  }
}

void TMB_KERNEL(const int16_t *x, const int32_t *w, int16_t *y, void *scratch, const tmb_conv2d_s8_params *p) {
  const tmb_conv2d_s16_layout layout = tmb_conv2d_s16_layout_of(p);
  const int32_t total = p->batch * p->out_h * p->out_w;
  const int32_t group_words = (layout.cols + 1) / 2 * layout.words;
  int16_t *copies = (int16_t *)scratch;
  int32_t g, position, i;
  for (g = 0; g < p->groups; ++g) {
    const int16_t *image = x + (g == 0 ? 0 : g * (p->in_c / p->groups));
    int32_t row = 0, col = 0;
    for (position = 0; position < total; position += 2) {
      const int32_t positions = total - position < 2 ? 1 : 2;
      const int16_t *windows[2];
      windows[1] = NULL;
      for (i = 0; i < positions; ++i) {
        windows[i] = tmb_conv2d_s16_window(image, row * p->stride_h - p->pad_top, col * p->stride_w - p->pad_left,
                                           copies + i * 2 * layout.pairs, layout.pairs, p);
        if (++col == p->out_w) {
          col = 0;
          if (++row == p->out_h) {
            row = 0;
            image += p->in_h * p->in_w * p->in_c;
          }
        }
      }
      tmb_conv2d_s16_group(windows[0], windows[1], w + g * group_words, y + position * p->out_c + g * layout.cols, positions,
                           &layout, p);
    }
  }
}

#undef TMB_KERNEL
#undef TMB_SUM
#undef TMB_WIDE
#undef TMB_DOT
#undef TMB_DOT2
#undef TMB_FINISH
