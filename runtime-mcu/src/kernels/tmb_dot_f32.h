/* SPDX-License-Identifier: MIT */
/* Inner products of float32 rows, shared by convolution and fully connected layers. */
#ifndef TMB_DOT_F32_H
#define TMB_DOT_F32_H

#include <stddef.h>
#include <stdint.h>

#include "tmb_clamp_f32.h"

/* Rows of weights that meet one row of activations at a time: each activation is loaded once for four products, and the
 * four sums do not wait for each other. Every sum adds its products in order, whatever the number of lanes. */
#define TMB_LANES 4

/* How an accumulator becomes an output. */
typedef struct tmb_output_f32 {
  float act_min, act_max;
} tmb_output_f32;

static inline float tmb_bias_f32(const float *bias, int32_t n) { return bias != NULL ? bias[n] : 0.0f; }

/* acc[j] += sum of x[k] * w[j * w_stride + k] over k < count, for j < lanes <= TMB_LANES. */
static inline void tmb_dot_f32(const float *x, const float *w, int32_t w_stride, int32_t count, int32_t lanes, float *acc) {
  int32_t j, k;
  if (lanes == TMB_LANES) {
    const float *w0 = w;
    const float *w1 = w0 + w_stride;
    const float *w2 = w1 + w_stride;
    const float *w3 = w2 + w_stride;
    float acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
    for (k = 0; k < count; ++k) {
      const float value = x[k];
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
    const float *row = w + j * w_stride;
    float sum = acc[j];
    for (k = 0; k < count; ++k)
      sum += x[k] * row[k];
    acc[j] = sum;
  }
}

/* One output row: y[n] for n < cols from x[depth] and w[cols][depth]. */
static inline void tmb_row_f32(const float *x, const float *w, const float *bias, float *y, int32_t depth, int32_t cols,
                               const tmb_output_f32 *out) {
  int32_t n, j;
  for (n = 0; n < cols; n += TMB_LANES) {
    const int32_t lanes = cols - n < TMB_LANES ? cols - n : TMB_LANES;
    float acc[TMB_LANES];
    for (j = 0; j < lanes; ++j)
      acc[j] = tmb_bias_f32(bias, n + j);
    tmb_dot_f32(x, w + n * depth, depth, depth, lanes, acc);
    for (j = 0; j < lanes; ++j)
      y[n + j] = tmb_clamp_f32(acc[j], out->act_min, out->act_max);
  }
}

/* Two output rows at once, two columns at a time: each weight, which comes from slow flash, is loaded for two rows. */
static inline void tmb_row_pair_f32(const float *x, const float *w, const float *bias, float *y, int32_t depth, int32_t cols,
                                    const tmb_output_f32 *out) {
  const float *x0 = x;
  const float *x1 = x + depth;
  int32_t n, k;
  for (n = 0; n < cols; n += 2) {
    /* The last of an odd number of columns is computed twice. */
    const int32_t next = n + 1 < cols ? n + 1 : n;
    const float *w0 = w + n * depth;
    const float *w1 = w + next * depth;
    float acc00 = tmb_bias_f32(bias, n), acc01 = tmb_bias_f32(bias, next);
    float acc10 = acc00, acc11 = acc01;
    for (k = 0; k < depth; ++k) {
      const float a0 = x0[k], a1 = x1[k];
      const float b0 = w0[k], b1 = w1[k];
      acc00 += a0 * b0;
      acc01 += a0 * b1;
      acc10 += a1 * b0;
      acc11 += a1 * b1;
    }
    y[n] = tmb_clamp_f32(acc00, out->act_min, out->act_max);
    y[next] = tmb_clamp_f32(acc01, out->act_min, out->act_max);
    y[cols + n] = tmb_clamp_f32(acc10, out->act_min, out->act_max);
    y[cols + next] = tmb_clamp_f32(acc11, out->act_min, out->act_max);
  }
}

/* All output rows: y[m][n] from x[rows][depth] and w[cols][depth]. bias may be null. */
static inline void tmb_rows_f32(const float *x, const float *w, const float *bias, float *y, int32_t rows, int32_t depth,
                                int32_t cols, const tmb_output_f32 *out) {
  int32_t m;
  for (m = 0; m + 1 < rows; m += 2)
    tmb_row_pair_f32(x + m * depth, w, bias, y + m * cols, depth, cols, out);
  if (m < rows)
    tmb_row_f32(x + m * depth, w, bias, y + m * cols, depth, cols, out);
}

#endif
