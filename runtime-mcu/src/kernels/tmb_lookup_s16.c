/* SPDX-License-Identifier: MIT */
/* Elementwise function of an int16 tensor, linear between the entries of a table. */
#include "thimble/tmb_kernels.h"

void tmb_lookup_s16(const int16_t *x, const int16_t *table, int16_t *y, const tmb_lookup_s16_params *p) {
  const int32_t count = p->count, shift = p->shift;
  const int32_t mask = (1 << shift) - 1, half = (1 << shift) >> 1;
  int32_t i;
  for (i = 0; i < count; ++i) {
    const int32_t place = x[i] + 32768;
    const int16_t *entry = table + (place >> shift);
    const int32_t low = entry[0], rise = entry[1] - low;
    y[i] = (int16_t)(low + ((rise * (place & mask) + half) >> shift));
  }
}
