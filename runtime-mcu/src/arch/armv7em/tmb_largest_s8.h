/* SPDX-License-Identifier: MIT */
/* The largest activations of a window, int8, with the DSP instructions of Armv7E-M. */
#ifndef TMB_LARGEST_S8_H
#define TMB_LARGEST_S8_H

#include "tmb_dsp.h"
#include "tmb_part.h"

/* The largest activation of each channel, INT8_MIN without any. */
static void tmb_largest_s8(const tmb_part *part, int8_t *y, int32_t channels) {
  const int32_t rows = part->rows, cols = part->cols, row_step = part->row_step, col_step = part->col_step;
  int32_t channel, r, c;
  for (channel = 0; channel < channels;) {
    const int32_t lanes = channels - channel;
    const int8_t *row = part->x + (rows > 0 ? channel : 0);
    uint32_t best = 0x80808080u;
    if (lanes >= 4) {
      for (r = rows; r > 0; --r, row += row_step) {
        const int8_t *pixel = row;
        for (c = cols; c > 0; --c, pixel += col_step)
          best = tmb_max4(best, tmb_load32(pixel));
      }
      tmb_store32(y + channel, best);
      channel += 4;
      continue;
    }
    if (channel >= 4) { /* the last four overlap those before */
      channel = channels - 4;
      continue;
    }
    for (r = rows; r > 0; --r, row += row_step) {
      const int8_t *pixel = row;
      for (c = cols; c > 0; --c, pixel += col_step)
        best = tmb_max4(best, tmb_load_part(pixel, lanes));
    }
    for (c = 0; c < lanes; ++c)
      y[channel++] = (int8_t)(uint8_t)(best >> 8 * c);
  }
}

#endif
