/* SPDX-License-Identifier: MIT */
/* Softmax, int8, with a table of exponentials. */
#include "thimble/tmb_kernels.h"

/* One row of `depth` elements that lie `step` apart. */
static void tmb_softmax_s8_row(const int8_t *x, const uint32_t *table, int8_t *y, int32_t depth, int32_t step) {
  int32_t max = -128;
  uint32_t sum = 0, reciprocal;
  int32_t d;
  for (d = 0; d < depth; ++d)
    max = x[d * step] > max ? x[d * step] : max;
  for (d = 0; d < depth; ++d)
    sum += table[max - x[d * step]];
  reciprocal = depth > 0 ? UINT32_MAX / sum : 0; /* the only division of a row */
  for (d = 0; d < depth; ++d) {
    const uint32_t scaled = table[max - x[d * step]] << 8; /* at most 2^24, so that the product is less than 1 too small */
    uint32_t quotient = (uint32_t)((uint64_t)scaled * reciprocal >> 32);
    uint32_t remainder = scaled - quotient * sum;
    if (remainder >= sum) {
      remainder -= sum;
      ++quotient;
    }
    if (remainder >= sum - remainder) /* at least one half: round up, without the overflow of 2 * remainder */
      ++quotient;
    y[d * step] = (int8_t)(quotient >= 255 ? 127 : (int32_t)quotient - 128);
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
