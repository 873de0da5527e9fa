/* SPDX-License-Identifier: MIT */
/* Layer normalization and root-mean-square normalization, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_square_root.h"

/* The numbers of a row: c[i] = depth * x[i] - shift, and 1 / sqrt(sum of squares of x - shift / depth, times depth, plus epsilon)
 * as inverse * 2^-down. */
typedef struct tmb_norm_row {
  int32_t shift;
  uint32_t inverse; /* 2^15 to 2^16 */
  int32_t down;
} tmb_norm_row;

/* 1 / sqrt(square), within 2^-14 of it. */
static void tmb_norm_invert(uint64_t square, tmb_norm_row *row) {
  int32_t exponent = 0;
  if (square == 0)
    square = 1; /* all of the row is its mean: c is 0 */
  while (square >> 32 != 0) {
    square >>= 2;
    ++exponent;
  }
  while (square >> 30 == 0) {
    square <<= 2;
    --exponent;
  }
  row->inverse = 0x80000000u / tmb_square_root((uint32_t)square);
  row->down = 31 + exponent;
}

static tmb_norm_row tmb_norm_measure(const int8_t *x, const tmb_norm_s8_params *p) {
  const int32_t zero = p->centered ? 0 : p->in_zero_point;
  const int32_t depth = p->depth;
  tmb_norm_row row;
  uint32_t squares = 0;
  uint64_t square;
  int32_t sum = 0, i;
  for (i = 0; i < depth; ++i) {
    const int32_t value = x[i] - zero;
    sum += value;
    squares += (uint32_t)(value * value);
  }
  square = (uint64_t)squares * (uint32_t)depth;
  if (p->centered)
    square -= (uint64_t)((int64_t)sum * sum);
  row.shift = p->centered ? sum : zero * depth;
  tmb_norm_invert(square + ((uint64_t)(uint32_t)p->epsilon << p->epsilon_shift), &row);
  return row;
}

void tmb_norm_s8(const int8_t *x, const int16_t *gain, const int32_t *bias, int8_t *y, const tmb_norm_s8_params *p) {
  const int32_t depth = p->depth;
  int32_t outer, i;
  for (outer = 0; outer < p->outer; ++outer, x += depth, y += depth) {
    const tmb_norm_row row = tmb_norm_measure(x, p);
    const int32_t down = row.down - p->fraction; /* at least 1: see the prototype */
    const int64_t half = (int64_t)1 << (down - 1);
    for (i = 0; i < depth; ++i) {
      const int32_t c = depth * x[i] - row.shift;
      const int32_t z = (int32_t)(((int64_t)c * (int32_t)row.inverse + half) >> down);
      const int32_t q = (z * gain[i] + bias[i]) >> p->shift;
      y[i] = (int8_t)(q < -128 ? -128 : (q > 127 ? 127 : q));
    }
  }
}
