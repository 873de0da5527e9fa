/* SPDX-License-Identifier: MIT */
/* The innermost loop of float32 matrix products whose columns lie side by side, with the vector instructions of Armv8.1-M. */
#ifndef TMB_MATMUL_BLOCK_F32_H
#define TMB_MATMUL_BLOCK_F32_H

#include "thimble/tmb_abi.h"
#include "tmb_mve_f32.h"
#include "tmb_no_inline.h"

/* Four columns of `rows` rows, 1 to 4: y[m * y_step + n] = sum of a[m * a_row + k * a_step] * b[k * b_step + n]. Rows that are
 * missing are computed as the last one again. */
TMB_NO_INLINE static void tmb_matmul_f32_block(const float *a, const float *b, float *y, int32_t rows,
                                               const tmb_matmul_f32_params *p) {
  const int32_t a_row = p->a_row_stride, a_step = p->a_col_stride, b_step = p->b_row_stride, y_step = p->cols;
  const float *x0 = a, *x1 = rows > 1 ? x0 + a_row : x0, *x2 = rows > 2 ? x1 + a_row : x1, *x3 = rows > 3 ? x2 + a_row : x2;
  float32x4_t s0 = vdupq_n_f32(0.0f), s1 = s0, s2 = s0, s3 = s0;
  int32_t k;
  for (k = p->depth; k > 0; --k, b += b_step, x0 += a_step, x1 += a_step, x2 += a_step, x3 += a_step) {
    const float32x4_t four = vldrwq_f32(b);
    s0 = tmb_mve_multiply_add(s0, four, *x0);
    s1 = tmb_mve_multiply_add(s1, four, *x1);
    s2 = tmb_mve_multiply_add(s2, four, *x2);
    s3 = tmb_mve_multiply_add(s3, four, *x3);
  }
  tmb_mve_store_rows(y, y_step, rows, s0, s1, s2, s3);
}

#endif
