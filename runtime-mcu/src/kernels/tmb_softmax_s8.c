/* SPDX-License-Identifier: MIT */
/* Softmax, int8, with a table of exponentials. */
#include "thimble/tmb_kernels.h"

/* One row of `depth` elements that lie `step` apart. */
static void tmb_softmax_s8_row(const int8_t *x, const uint32_t *table, int8_t *y, int32_t depth, int32_t step) {
  const int8_t *const end = x + depth * step, *at;
  int32_t max = -128;
  uint32_t sum = 0, half, reciprocal;
  for (at = x; at != end; at += step)
    max = *at > max ? *at : max;
  for (at = x; at != end; at += step)
    sum += table[max - *at];
  if (depth <= 0)
    return;
  /* The only division of a row. Dividends are less than 2^24 + 2^31, so that their product with it is less than 1 too small. */
  reciprocal = UINT32_MAX / sum;
  half = sum >> 1;
  for (at = x; at != end; at += step, y += step) {
    const uint32_t scaled = (table[max - *at] << 8) + half; /* rounds to nearest, for odd sums too */
    uint32_t quotient = (uint32_t)((uint64_t)scaled * reciprocal >> 32);
    if (scaled - quotient * sum >= sum)
      ++quotient;
    *y = (int8_t)((int32_t)(quotient > 255 ? 255 : quotient) - 128);
  }
}

void tmb_softmax_s8(const int8_t *x, const uint32_t *table, int8_t *y, const tmb_softmax_params *p) {
  const tmb_softmax_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t o, i;
  for (o = 0; o < params.outer; ++o) {
    const int32_t slab = o * params.depth * params.inner;
    for (i = 0; i < params.inner; ++i)
      tmb_softmax_s8_row(x + slab + i, table, y + slab + i, params.depth, params.inner);
  }
}
