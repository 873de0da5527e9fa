/* SPDX-License-Identifier: MIT */
/* The largest activations of a window, int8, with the vector instructions of Armv8.1-M. */
#ifndef TMB_LARGEST_S8_H
#define TMB_LARGEST_S8_H

#include <arm_mve.h>

#include "tmb_part.h"

/* The largest activation of each channel, INT8_MIN without any. */
static void tmb_largest_s8(const tmb_part *part, int8_t *y, int32_t channels) {
  const int32_t rows = part->rows, cols = part->cols, row_step = part->row_step, col_step = part->col_step;
  int32_t channel, r, c;
  for (channel = 0; channel < channels; channel += 16) {
    const mve_pred16_t some = vctp8q((uint32_t)(channels - channel));
    const int8_t *row = part->x + (rows > 0 ? channel : 0);
    int8x16_t best = vdupq_n_s8(INT8_MIN);
    for (r = rows; r > 0; --r, row += row_step) {
      const int8_t *pixel = row;
      for (c = cols; c > 0; --c, pixel += col_step)
        best = vmaxq_s8(best, vldrbq_z_s8(pixel, some));
    }
    vstrbq_p_s8(y + channel, best, some);
  }
}

#endif
