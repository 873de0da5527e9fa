/* SPDX-License-Identifier: MIT */
/* A window of an image in planes, for int8 convolutions of three taps a row. */
#ifndef TMB_PLANES_WINDOW_S8_H
#define TMB_PLANES_WINDOW_S8_H

#include "tmb_no_inline.h"

/* The window at (iy, ix), which may leave the image. Two rows of taps a and b are a0 a2 a1 b1 b0 b2: see tmb_conv2d_planes_s8_slot. */
TMB_NO_INLINE static void tmb_planes_window_s8(int8_t *to, const int8_t *x, int32_t iy, int32_t ix,
                                               const tmb_conv2d_planes_s8_params *planes) {
  const tmb_conv2d_s8_params *p = &planes->conv;
  const int32_t in_w = p->in_w, first = ix >= 0 && ix < in_w, second = ix + 1 >= 0 && ix + 1 < in_w;
  const int32_t third = ix + 2 >= 0 && ix + 2 < in_w;
  const int8_t zero = (int8_t)p->in_zero_point;
  int32_t run = 0, c, ky;
  for (c = 0; c < p->in_c; ++c, x += planes->plane) {
    for (ky = 0; ky < p->kernel_h; ++ky, ++run) {
      const int32_t odd = run & 1, row = iy + ky * p->dilation_h, inside = row >= 0 && row < p->in_h;
      const int8_t *taps = x + row * in_w + ix;
      int8_t *pairs = to + 3 * (run - odd);
      pairs[4 * odd] = inside && first ? taps[0] : zero;
      pairs[2 + odd] = inside && second ? taps[1] : zero;
      pairs[4 * odd + 1] = inside && third ? taps[2] : zero;
    }
  }
}

#endif
