/* SPDX-License-Identifier: MIT */
/* Layer normalization and root-mean-square normalization, int16. */
#include "thimble/tmb_kernels.h"
#include "tmb_square_root.h"

/* The numbers of a row: c[i] = depth * x[i] - shift, and 1 / sqrt(v) as inverse * 2^-down. */
typedef struct tmb_norm_s16_row {
  int32_t shift;
  uint32_t inverse; /* 2^30 to 2^31 */
  int32_t down;
} tmb_norm_s16_row;

/* 1 / sqrt(square), square < 2^62, within 2^-26 of it: a root and a quotient of 16 bits, and one step of Newton's. */
static void tmb_norm_s16_invert(uint64_t square, tmb_norm_s16_row *row) {
  uint32_t top, first;
  int64_t error, inverse;
  row->down = 62;
  if (square == 0)
    square = 1; /* all of the row is its mean: c is 0 */
  for (; square >> 62 == 0; square <<= 2)
    --row->down;
  top = (uint32_t)(square >> 32);
  first = 0x80000000u / tmb_square_root(top);
  error = ((int64_t)1 << 62) - (int64_t)((uint64_t)first * first * top);
  inverse = (int64_t)first * 32768 + (((int64_t)first * (error >> 16)) >> 32);
  row->inverse = (uint32_t)(inverse > INT32_MAX ? INT32_MAX : inverse);
}

static tmb_norm_s16_row tmb_norm_s16_measure(const int16_t *x, const tmb_norm_s16_params *p) {
  const int32_t depth = p->depth;
  tmb_norm_s16_row row;
  uint64_t squares = 0;
  int32_t sum = 0, i;
  for (i = 0; i < depth; ++i) {
    const int32_t value = x[i];
    sum += value;
    squares += (uint32_t)(value * value);
  }
  squares *= (uint32_t)depth;
  if (p->centered)
    squares -= (uint64_t)((int64_t)sum * sum);
  row.shift = p->centered ? sum : 0;
  tmb_norm_s16_invert(squares + ((uint64_t)(uint32_t)p->epsilon << p->epsilon_shift), &row);
  return row;
}

void tmb_norm_s16(const int16_t *x, const int32_t *gain, const int32_t *bias, int16_t *y, const tmb_norm_s16_params *p) {
  const int32_t depth = p->depth, shift = p->shift;
  int32_t outer, i;
  for (outer = 0; outer < p->outer; ++outer, x += depth, y += depth) {
    const tmb_norm_s16_row row = tmb_norm_s16_measure(x, p);
    const int32_t down = row.down - 20; /* at least 11 */
    const int64_t half = (int64_t)1 << (down - 1);
    for (i = 0; i < depth; ++i) {
      const int32_t c = depth * x[i] - row.shift;
      const int32_t z = (int32_t)(((int64_t)c * (int32_t)row.inverse + half) >> down);
      const int64_t q = ((int64_t)z * gain[i] + (int64_t)bias[i] * 1048576) >> shift;
      y[i] = (int16_t)(q < INT16_MIN ? INT16_MIN : (q > INT16_MAX ? INT16_MAX : q));
    }
  }
}
