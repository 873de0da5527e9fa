/* SPDX-License-Identifier: MIT */
/* Batched matrix product of two activations, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_walk.h"

#define TMB_LANES 4

/* One output row: y[n] = sum of a[k * a_col_stride] * B(k, n), four columns at a time. */
static void tmb_matmul_f32_row(const float *a, const float *b, float *y, const tmb_matmul_f32_params *p) {
  const int32_t depth = p->depth, cols = p->cols;
  const int32_t a_step = p->a_col_stride, b_step = p->b_row_stride, b_lane = p->b_col_stride;
  int32_t n, k;
  for (n = 0; n + TMB_LANES <= cols; n += TMB_LANES) {
    const float *column = b + n * b_lane;
    float acc0 = 0.0f, acc1 = 0.0f, acc2 = 0.0f, acc3 = 0.0f;
    for (k = 0; k < depth; ++k) {
      const float value = a[k * a_step];
      const float *row = column + k * b_step;
      acc0 += value * row[0];
      acc1 += value * row[b_lane];
      acc2 += value * row[2 * b_lane];
      acc3 += value * row[3 * b_lane];
    }
    y[n] = acc0;
    y[n + 1] = acc1;
    y[n + 2] = acc2;
    y[n + 3] = acc3;
  }
  for (; n < cols; ++n) {
    const float *column = b + n * b_lane;
    float acc = 0.0f;
    for (k = 0; k < depth; ++k)
      acc += a[k * a_step] * column[k * b_step];
    y[n] = acc;
  }
}

void tmb_matmul_f32(const float *a, const float *b, float *y, const tmb_matmul_f32_params *p) {
  int32_t batch[TMB_MAX_RANK] = {0};
  if (tmb_walk_count(p->batch_rank, p->batch_dims) == 0)
    return;
  do {
    const float *a_matrix = a + tmb_walk_offset(p->batch_rank, batch, p->a_batch_strides);
    const float *b_matrix = b + tmb_walk_offset(p->batch_rank, batch, p->b_batch_strides);
    int32_t m;
    for (m = 0; m < p->rows; ++m, y += p->cols)
      tmb_matmul_f32_row(a_matrix + m * p->a_row_stride, b_matrix, y, p);
  } while (tmb_walk_next(p->batch_rank, p->batch_dims, batch));
}
