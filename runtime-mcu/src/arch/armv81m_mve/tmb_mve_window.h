/* SPDX-License-Identifier: MIT */
/* Copies windows of convolutions for the loops that read them 16 activations at a time. */
#ifndef TMB_MVE_WINDOW_H
#define TMB_MVE_WINDOW_H

#include <arm_mve.h>

#include "thimble/tmb_layout.h"

/* What all windows of a convolution have in common. */
typedef struct tmb_mve_windows {
  const tmb_conv2d_s8_params *p;
  const tmb_conv2d_s8_layout *layout;
  int32_t bytes;            /* of a copied window: filled with zeros to a multiple of 16 */
  int32_t height, width;    /* from the first to the last tap */
  int32_t row_step, step;   /* activations from a row of taps to the next, from a run in it to the next */
  int32_t runs;             /* in a row of taps */
} tmb_mve_windows;

static inline tmb_mve_windows tmb_mve_windows_of(const tmb_conv2d_s8_layout *layout, const tmb_conv2d_s8_params *p) {
  tmb_mve_windows windows;
  windows.p = p;
  windows.layout = layout;
  windows.bytes = (layout->depth + 15) / 16 * 16;
  windows.height = (p->kernel_h - 1) * p->dilation_h;
  windows.width = (p->kernel_w - 1) * p->dilation_w;
  windows.row_step = p->dilation_h * p->in_w * p->in_c;
  windows.step = p->dilation_w * p->in_c;
  windows.runs = layout->runs == p->kernel_h ? 1 : p->kernel_w;
  return windows;
}

static inline int8_t *tmb_mve_copy(int8_t *to, const int8_t *from, int32_t count) {
  int32_t left;
  for (left = count; left > 0; left -= 16, from += 16) {
    const mve_pred16_t lanes = vctp8q((uint32_t)left);
    vstrbq_p_s8(to + (count - left), vldrbq_z_s8(from, lanes), lanes);
  }
  return to + count;
}

static inline int8_t *tmb_mve_fill(int8_t *to, int32_t value, int32_t count) {
  const int8x16_t values = vdupq_n_s8((int8_t)value);
  int32_t left;
  for (left = count; left > 0; left -= 16)
    vstrbq_p_s8(to + (count - left), values, vctp8q((uint32_t)left));
  return to + count;
}

/* The order of activations in windows, which is that of the weights: of each four, the second and third change places. */
static const uint8_t tmb_mve_order[16] = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15};

/* `count` activations, a multiple of four, in the order of the weights. Returns the end of what it wrote. */
static inline int8_t *tmb_mve_reorder(int8_t *to, const int8_t *from, int32_t count) {
  const uint8x16_t order = vldrbq_u8(tmb_mve_order);
  int32_t chunks = count / 16;
  for (; chunks > 0; --chunks, from += 16, to += 16)
    vstrbq_s8(to, vldrbq_gather_offset_s8(from, order));
  if ((count & 15) != 0) {
    const mve_pred16_t lanes = vctp8q((uint32_t)count & 15u);
    vstrbq_p_s8(to, vldrbq_gather_offset_z_s8(from, order, lanes), lanes);
    to += count & 15;
  }
  return to;
}

/* A window inside the image whose first activation is x[0]; what is left of its runs in the order of memory. */
static inline void tmb_mve_window_inside(int8_t *to, const int8_t *x, const tmb_mve_windows *windows) {
  const int32_t whole = windows->layout->whole, rest = windows->layout->run - whole;
  int8_t *tail = to + windows->layout->runs * whole;
  int32_t ky, kx, i;
  for (ky = windows->p->kernel_h; ky > 0; --ky, x += windows->row_step) {
    const int8_t *from = x;
    for (kx = windows->runs; kx > 0; --kx, from += windows->step) {
      to = tmb_mve_reorder(to, from, whole);
      for (i = 0; i < rest; ++i)
        *tail++ = from[whole + i];
    }
  }
}

/* A window inside the image of runs that are multiples of 16. */
static inline void tmb_mve_window_of_chunks(int8_t *to, const int8_t *x, const tmb_mve_windows *windows) {
  const uint8x16_t order = vldrbq_u8(tmb_mve_order);
  const int32_t run = windows->layout->run, row_step = windows->row_step, step = windows->step;
  int32_t ky, kx, i;
  for (ky = windows->p->kernel_h; ky > 0; --ky, x += row_step) {
    const int8_t *from = x;
    for (kx = windows->runs; kx > 0; --kx, from += step)
      for (i = 0; i < run; i += 16, to += 16)
        vstrbq_s8(to, vldrbq_gather_offset_s8(from + i, order));
  }
}

/* Windows of one pixel each, which lie side by side; `channels` is a multiple of four. */
static inline void tmb_mve_pixels(int8_t *to, const int8_t *x, int32_t pixels, int32_t channels) {
  const uint8x16_t order = vldrbq_u8(tmb_mve_order);
  int32_t left;
  if ((channels & 15) == 0) {
    tmb_mve_reorder(to, x, pixels * channels);
    return;
  }
  for (; pixels > 0; --pixels, x += channels) {
    const int8_t *from = x;
    for (left = channels; left > 0; left -= 16, from += 16, to += 16)
      vstrbq_s8(to, vldrbq_gather_offset_z_s8(from, order, vctp8q((uint32_t)left)));
  }
}

/* The run at position ix of a row of the image, or of padding. */
static void tmb_mve_run_clipped(int8_t *to, const int8_t *row, int32_t is_inside, int32_t ix, const tmb_mve_windows *windows) {
  const tmb_conv2d_s8_params *p = windows->p;
  const int32_t zero = p->in_zero_point, taps = windows->runs == 1 ? p->kernel_w : 1;
  const int32_t depth = p->groups <= 1 ? p->in_c : windows->layout->run;
  const int32_t before = !is_inside || ix + taps < 0 ? taps : ix < 0 ? -ix : 0;
  const int32_t left = p->in_w - ix;
  const int32_t end = left < before ? before : left < taps ? left : taps;
  to = tmb_mve_fill(to, zero, before * depth);
  if (end > before)
    to = tmb_mve_copy(to, row + (ix + before) * p->in_c, (end - before) * depth);
  tmb_mve_fill(to, zero, (taps - end) * depth);
}

/* A window that may leave the image: at (iy, ix), in the order of memory. */
static void tmb_mve_window_clipped(int8_t *to, const int8_t *x, int32_t iy, int32_t ix, const tmb_mve_windows *windows) {
  const tmb_conv2d_s8_params *p = windows->p;
  const int32_t whole = windows->layout->whole, rest = windows->layout->run - whole;
  int8_t *tail = to + windows->layout->runs * whole, *at = tail;
  int8_t first[3] = {0, 0, 0}; /* what is left of the first run, which the last one is written over for a while */
  int32_t ky, kx, i;
  for (ky = 0; ky < p->kernel_h; ++ky, iy += p->dilation_h) {
    for (kx = 0; kx < windows->runs; ++kx, to += whole) {
      tmb_mve_run_clipped(to, x + iy * p->in_w * p->in_c, iy >= 0 && iy < p->in_h, ix + kx * p->dilation_w, windows);
      for (i = 0; i < rest; ++i)
        *at++ = to[whole + i];
      for (i = 0; i < rest && ky + kx == 0; ++i)
        first[i] = tail[i];
    }
  }
  for (i = 0; i < rest; ++i)
    tail[i] = first[i];
}

/* The window at (iy, ix) of the image x, seen from the group's first channel. */
__attribute__((noinline)) static void tmb_mve_window(int8_t *to, const int8_t *x, int32_t iy, int32_t ix,
                                                     const tmb_mve_windows *windows) {
  const tmb_conv2d_s8_params *p = windows->p;
  const int32_t whole = windows->layout->runs * windows->layout->whole, all = windows->layout->runs * windows->layout->run;
  int8_t *unordered = to;
  const int8_t *from = x + (iy * p->in_w + ix) * p->in_c;
  if (iy < 0 || ix < 0 || iy + windows->height >= p->in_h || ix + windows->width >= p->in_w) {
    tmb_mve_window_clipped(to, x, iy, ix, windows);
  } else if ((windows->layout->run & 15) == 0) {
    tmb_mve_window_of_chunks(to, from, windows);
    return;
  } else {
    tmb_mve_window_inside(to, from, windows);
    unordered += whole;
  }
  if (windows->bytes > all)
    tmb_mve_fill(to + all, 0, windows->bytes - all);
  tmb_mve_reorder(unordered, unordered, windows->bytes - (int32_t)(unordered - to));
}

#endif
