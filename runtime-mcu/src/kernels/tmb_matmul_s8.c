/* SPDX-License-Identifier: MIT */
/* Batched matrix product of two activations, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_dot_s8.h"
#include "tmb_walk.h"

/* One output row: y[n] from the sum of (a[k * a_col_stride] - a_zero_point) * (B(k, n) - b_zero_point), four columns at a
 * time. */
static void tmb_matmul_s8_row(const int8_t *a, const int8_t *b, int8_t *y, const tmb_output_s8 *out,
                              const tmb_matmul_s8_params *p) {
  const int32_t depth = p->depth, cols = p->cols, multiplier = p->multiplier;
  const int32_t a_step = p->a_col_stride, b_step = p->b_row_stride, b_lane = p->b_col_stride;
  const int32_t a_zero = p->a_zero_point, b_zero = p->b_zero_point;
  int32_t n, k;
  for (n = 0; n + TMB_LANES <= cols; n += TMB_LANES) {
    const int8_t *column = b + n * b_lane;
    int32_t acc0 = 0, acc1 = 0, acc2 = 0, acc3 = 0;
    for (k = 0; k < depth; ++k) {
      const int32_t value = a[k * a_step] - a_zero;
      const int8_t *row = column + k * b_step;
      acc0 += value * (row[0] - b_zero);
      acc1 += value * (row[b_lane] - b_zero);
      acc2 += value * (row[2 * b_lane] - b_zero);
      acc3 += value * (row[3 * b_lane] - b_zero);
    }
    y[n] = tmb_finish_s8(acc0, multiplier, out);
    y[n + 1] = tmb_finish_s8(acc1, multiplier, out);
    y[n + 2] = tmb_finish_s8(acc2, multiplier, out);
    y[n + 3] = tmb_finish_s8(acc3, multiplier, out);
  }
  for (; n < cols; ++n) {
    const int8_t *column = b + n * b_lane;
    int32_t acc = 0;
    for (k = 0; k < depth; ++k)
      acc += (a[k * a_step] - a_zero) * (column[k * b_step] - b_zero);
    y[n] = tmb_finish_s8(acc, multiplier, out);
  }
}

void tmb_matmul_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_matmul_s8_params *p) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, INT8_MIN, INT8_MAX};
  int32_t batch[TMB_MAX_RANK] = {0};
  if (tmb_walk_count(p->batch_rank, p->batch_dims) == 0)
    return;
  do {
    const int8_t *a_matrix = a + tmb_walk_offset(p->batch_rank, batch, p->a_batch_strides);
    const int8_t *b_matrix = b + tmb_walk_offset(p->batch_rank, batch, p->b_batch_strides);
    int32_t m;
    for (m = 0; m < p->rows; ++m, y += p->cols)
      tmb_matmul_s8_row(a_matrix + m * p->a_row_stride, b_matrix, y, &out, p);
  } while (tmb_walk_next(p->batch_rank, p->batch_dims, batch));
}
