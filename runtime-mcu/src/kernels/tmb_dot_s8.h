/* SPDX-License-Identifier: MIT */
/* Inner products of int8 rows, shared by convolution and fully connected layers. */
#ifndef TMB_DOT_S8_H
#define TMB_DOT_S8_H

#include "thimble/tmb_requant.h"

/* Rows of weights that meet one row of activations at a time: each activation is loaded once for four products. */
#define TMB_LANES 4

/* How an accumulator becomes an output. */
typedef struct tmb_output_s8 {
  int32_t shift, zero_point;
  int32_t act_min, act_max;
} tmb_output_s8;

static inline int8_t tmb_finish_s8(int32_t acc, int32_t multiplier, const tmb_output_s8 *out) {
  return (int8_t)tmb_clamp_s32(tmb_requantize(acc, multiplier, out->shift, out->zero_point), out->act_min, out->act_max);
}

/* acc[j] += sum of x[k] * w[j * w_stride + k] over k < count, for j < lanes <= TMB_LANES. */
static inline void tmb_dot_s8(const int8_t *x, const int8_t *w, int32_t w_stride, int32_t count, int32_t lanes,
                              int32_t *acc) {
  int32_t j, k;
  if (lanes == TMB_LANES) {
    const int8_t *w0 = w;
    const int8_t *w1 = w0 + w_stride;
    const int8_t *w2 = w1 + w_stride;
    const int8_t *w3 = w2 + w_stride;
    int32_t acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
    for (k = 0; k < count; ++k) {
      const int32_t value = x[k];
      acc0 += value * w0[k];
      acc1 += value * w1[k];
      acc2 += value * w2[k];
      acc3 += value * w3[k];
    }
    acc[0] = acc0;
    acc[1] = acc1;
    acc[2] = acc2;
    acc[3] = acc3;
    return;
  }
  for (j = 0; j < lanes; ++j) {
    const int8_t *row = w + j * w_stride;
    int32_t sum = acc[j];
    for (k = 0; k < count; ++k)
      sum += x[k] * row[k];
    acc[j] = sum;
  }
}

/* One output row: y[n] for n < cols from x[depth] and w[cols][depth]. */
static inline void tmb_row_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                              int32_t depth, int32_t cols, const tmb_output_s8 *out) {
  int32_t n, j;
  for (n = 0; n < cols; n += TMB_LANES) {
    const int32_t lanes = cols - n < TMB_LANES ? cols - n : TMB_LANES;
    int32_t acc[TMB_LANES];
    for (j = 0; j < lanes; ++j)
      acc[j] = bias[n + j];
    tmb_dot_s8(x, w + n * depth, depth, depth, lanes, acc);
    for (j = 0; j < lanes; ++j)
      y[n + j] = tmb_finish_s8(acc[j], multiplier[n + j], out);
  }
}

/* Two output rows at once, two columns at a time: each weight, which comes from slow flash, is loaded for two rows. */
static inline void tmb_row_pair_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier,
                                   int8_t *y, int32_t depth, int32_t cols, const tmb_output_s8 *out) {
  const int8_t *x0 = x;
  const int8_t *x1 = x + depth;
  int32_t n, k;
  for (n = 0; n < cols; n += 2) {
    /* The last of an odd number of columns is computed twice. */
    const int32_t next = n + 1 < cols ? n + 1 : n;
    const int8_t *w0 = w + n * depth;
    const int8_t *w1 = w + next * depth;
    int32_t acc00 = bias[n], acc01 = bias[next];
    int32_t acc10 = acc00, acc11 = acc01;
    for (k = 0; k < depth; ++k) {
      const int32_t a0 = x0[k], a1 = x1[k];
      const int32_t b0 = w0[k], b1 = w1[k];
      acc00 += a0 * b0;
      acc01 += a0 * b1;
      acc10 += a1 * b0;
      acc11 += a1 * b1;
    }
    y[n] = tmb_finish_s8(acc00, multiplier[n], out);
    y[next] = tmb_finish_s8(acc01, multiplier[next], out);
    y[cols + n] = tmb_finish_s8(acc10, multiplier[n], out);
    y[cols + next] = tmb_finish_s8(acc11, multiplier[next], out);
  }
}

/* All output rows: y[m][n] from x[rows][depth] and w[cols][depth]. */
static inline void tmb_rows_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                               int32_t rows, int32_t depth, int32_t cols, const tmb_output_s8 *out) {
  int32_t m;
  for (m = 0; m + 1 < rows; m += 2)
    tmb_row_pair_s8(x + m * depth, w, bias, multiplier, y + m * cols, depth, cols, out);
  if (m < rows)
    tmb_row_s8(x + m * depth, w, bias, multiplier, y + m * cols, depth, cols, out);
}

#endif
