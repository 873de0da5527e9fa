/* SPDX-License-Identifier: MIT */
/* The largest activations of a window, int8. */
#ifndef TMB_LARGEST_S8_H
#define TMB_LARGEST_S8_H

#include <stdint.h>

#include "tmb_part.h"

/* The largest activation of each channel, INT8_MIN without any. */
static inline void tmb_largest_s8(const tmb_part *part, int8_t *y, int32_t channels) {
  const int8_t *row = part->x;
  int32_t channel, r, c;
  for (channel = 0; channel < channels; ++channel)
    y[channel] = INT8_MIN;
  for (r = 0; r < part->rows; ++r, row += part->row_step) {
    const int8_t *pixel = row;
    for (c = 0; c < part->cols; ++c, pixel += part->col_step)
      for (channel = 0; channel < channels; ++channel)
        if (pixel[channel] > y[channel])
          y[channel] = pixel[channel];
  }
}

#endif
