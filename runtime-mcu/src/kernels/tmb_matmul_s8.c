/* SPDX-License-Identifier: MIT */
/* Batched matrix product of two activations, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_finish_s8.h"
#include "tmb_no_inline.h"
#include "tmb_walk.h"

/* Columns that are computed together. */
#define TMB_LANES 4

/* acc[j] += sum over k of (a[k * a_col_stride] - a_zero_point) * B(k, j), for j < lanes <= TMB_LANES. */
TMB_NO_INLINE static void tmb_matmul_s8_block(const int8_t *a, const int8_t *b, int32_t lanes, int32_t *acc,
                                              const tmb_matmul_s8_params *p) {
  const int32_t a_step = p->a_col_stride, b_step = p->b_row_stride, b_lane = p->b_col_stride;
  const int32_t depth = p->depth, a_zero = p->a_zero_point;
  int32_t j, k;
  if (lanes == TMB_LANES) {
    int32_t acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
    for (k = 0; k < depth; ++k) {
      const int32_t value = a[k * a_step] - a_zero;
      const int8_t *row = b + k * b_step;
      acc0 += value * row[0];
      acc1 += value * row[b_lane];
      acc2 += value * row[2 * b_lane];
      acc3 += value * row[3 * b_lane];
    }
    acc[0] = acc0;
    acc[1] = acc1;
    acc[2] = acc2;
    acc[3] = acc3;
    return;
  }
  for (j = 0; j < lanes; ++j) {
    int32_t sum = acc[j];
    for (k = 0; k < depth; ++k)
      sum += (a[k * a_step] - a_zero) * b[j * b_lane + k * b_step];
    acc[j] = sum;
  }
}

/* One output row. */
static void tmb_matmul_s8_row(const int8_t *a, const int8_t *b, int8_t *y, const tmb_output_s8 *out,
                              const tmb_matmul_s8_params *p) {
  int32_t row_sum = 0;
  int32_t n, j, k;
  /* The zero point of B needs no subtraction in the inner loop: sum a * (b - zero) = sum a * b - zero * sum a. */
  for (k = 0; k < p->depth; ++k)
    row_sum += a[k * p->a_col_stride] - p->a_zero_point;
  for (n = 0; n < p->cols; n += TMB_LANES) {
    const int32_t lanes = p->cols - n < TMB_LANES ? p->cols - n : TMB_LANES;
    int32_t acc[TMB_LANES];
    for (j = 0; j < lanes; ++j)
      acc[j] = -p->b_zero_point * row_sum;
    tmb_matmul_s8_block(a, b + n * p->b_col_stride, lanes, acc, p);
    for (j = 0; j < lanes; ++j)
      y[n + j] = tmb_finish_s8(acc[j], p->multiplier, out);
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
