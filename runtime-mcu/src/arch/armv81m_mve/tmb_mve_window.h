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
  int32_t tail;             /* these zeros */
  int32_t height, width;    /* from the first to the last tap */
  int32_t row_step, step;   /* activations from a row of taps to the next, from a run in it to the next */
  int32_t runs;             /* in a row of taps */
} tmb_mve_windows;

static inline tmb_mve_windows tmb_mve_windows_of(const tmb_conv2d_s8_layout *layout, const tmb_conv2d_s8_params *p) {
  tmb_mve_windows windows;
  windows.p = p;
  windows.layout = layout;
  windows.tail = -layout->depth & 15;
  windows.bytes = layout->depth + windows.tail;
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

/* A window inside the image whose first activation is x[0], in the order of the weights. Returns its end. */
static inline int8_t *tmb_mve_window_inside(int8_t *to, const int8_t *x, const tmb_mve_windows *windows) {
  const uint8x16_t order = vldrbq_u8(tmb_mve_order);
  const int32_t run = windows->layout->run, chunks = run / 16, rest = run % 16;
  /* Lanes of the last, partial chunk: those that are read, and those with the zeros that pad a run to whole fours. */
  const mve_pred16_t read = vcmphiq_u8(vdupq_n_u8((uint8_t)rest), order);
  const mve_pred16_t written = vctp8q((uint32_t)(rest + 3) & ~3u);
  int32_t ky, kx, i;
  for (ky = windows->p->kernel_h; ky > 0; --ky, x += windows->row_step) {
    const int8_t *from = x;
    for (kx = windows->runs; kx > 0; --kx, from += windows->step) {
      const int8_t *at = from;
      for (i = chunks; i > 0; --i, at += 16, to += 16)
        vstrbq_s8(to, vldrbq_gather_offset_s8(at, order));
      if (rest != 0) {
        vstrbq_p_s8(to, vldrbq_gather_offset_z_s8(at, order, read), written);
        to += (rest + 3) & ~3;
      }
    }
  }
  return to;
}

/* A window that may leave the image: at (iy, ix), in the order of memory. Returns its end. */
static int8_t *tmb_mve_window_clipped(int8_t *to, const int8_t *x, int32_t iy, int32_t ix, const tmb_conv2d_s8_layout *layout,
                                      const tmb_conv2d_s8_params *p) {
  const int32_t is_row = layout->runs == p->kernel_h; /* a run is a row of taps */
  const int32_t depth = p->groups <= 1 ? p->in_c : layout->run;
  const int32_t zero = p->in_zero_point, padding = layout->padded - layout->run;
  int32_t ky, kx;
  for (ky = 0; ky < p->kernel_h; ++ky, iy += p->dilation_h) {
    const int8_t *row = x + iy * p->in_w * p->in_c;
    const int32_t is_inside = iy >= 0 && iy < p->in_h;
    if (is_row) {
      const int32_t before = !is_inside || ix + p->kernel_w < 0 ? p->kernel_w : ix < 0 ? -ix : 0;
      const int32_t left = p->in_w - ix;
      const int32_t end = left < before ? before : left < p->kernel_w ? left : p->kernel_w;
      to = tmb_mve_fill(to, zero, before * depth);
      if (end > before)
        to = tmb_mve_copy(to, row + (ix + before) * p->in_c, (end - before) * depth);
      to = tmb_mve_fill(to, zero, (p->kernel_w - end) * depth);
      to = tmb_mve_fill(to, 0, padding);
    } else {
      for (kx = 0; kx < p->kernel_w; ++kx) {
        const int32_t col = ix + kx * p->dilation_w;
        to = is_inside && col >= 0 && col < p->in_w ? tmb_mve_copy(to, row + col * p->in_c, depth) : tmb_mve_fill(to, zero, depth);
        to = tmb_mve_fill(to, 0, padding);
      }
    }
  }
  return to;
}

/* The window at (iy, ix) of the image x, seen from the group's first channel. */
__attribute__((noinline)) static void tmb_mve_window(int8_t *to, const int8_t *x, int32_t iy, int32_t ix,
                                                     const tmb_mve_windows *windows) {
  const tmb_conv2d_s8_params *p = windows->p;
  int32_t i;
  if (iy >= 0 && ix >= 0 && iy + windows->height < p->in_h && ix + windows->width < p->in_w && windows->layout->run > 0) {
    to = tmb_mve_window_inside(to, x + (iy * p->in_w + ix) * p->in_c, windows);
    if (windows->tail != 0)
      tmb_mve_fill(to, 0, windows->tail);
  } else {
    const uint8x16_t order = vldrbq_u8(tmb_mve_order);
    tmb_mve_fill(tmb_mve_window_clipped(to, x, iy, ix, windows->layout, p), 0, windows->tail);
    for (i = 0; i < windows->bytes; i += 16)
      vstrbq_s8(to + i, vldrbq_gather_offset_s8(to + i, order));
  }
}

#endif
