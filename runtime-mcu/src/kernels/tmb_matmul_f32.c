/* SPDX-License-Identifier: MIT */
/* Batched matrix product of two activations, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_matmul_block_f32.h"
#include "tmb_rows_f32.h"
#include "tmb_walk.h"

/* Any strides, one product after the other. */
static void tmb_matmul_f32_plain(const float *a, const float *b, float *y, int32_t rows, const tmb_matmul_f32_params *p) {
  int32_t m, n, k;
  for (m = 0; m < rows; ++m)
    for (n = 0; n < p->cols; ++n) {
      float sum = 0.0f;
      for (k = 0; k < p->depth; ++k)
        sum = tmb_multiply_add_f32(sum, a[m * p->a_row_stride + k * p->a_col_stride], b[k * p->b_row_stride + n * p->b_col_stride]);
      y[m * p->cols + n] = sum;
    }
}

/* Up to four rows of one matrix. */
static void tmb_matmul_f32_rows(const float *a, const float *b, float *y, int32_t rows, const tmb_matmul_f32_params *p) {
  int32_t n;
  if (p->a_col_stride == 1 && p->b_row_stride == 1) {
    tmb_rows4_f32(a, p->a_row_stride, rows, b, p->b_col_stride, p->depth, NULL, y, p->cols, p->cols);
  } else if (p->b_col_stride == 1 && p->cols >= 4) {
    for (n = 0; n < p->cols; n += 4) {
      const int32_t at = n < p->cols - 4 ? n : p->cols - 4; /* the last block begins earlier, to be whole */
      tmb_matmul_f32_block(a, b + at, y + at, rows, p);
    }
  } else {
    tmb_matmul_f32_plain(a, b, y, rows, p);
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
    for (m = 0; m < p->rows; m += 4) {
      const int32_t rows = p->rows - m < 4 ? p->rows - m : 4;
      tmb_matmul_f32_rows(a_matrix + m * p->a_row_stride, b_matrix, y, rows, p);
      y += rows * p->cols;
    }
  } while (tmb_walk_next(p->batch_rank, p->batch_dims, batch));
}
