/* SPDX-License-Identifier: MIT */
/* The innermost loop of float32 matrix products whose columns lie side by side. */
#ifndef TMB_MATMUL_BLOCK_F32_H
#define TMB_MATMUL_BLOCK_F32_H

#include "thimble/tmb_abi.h"
#include "tmb_rows_f32.h"

/* Four columns of `rows` rows, 1 to 4: y[m * y_step + n] = sum of a[m * a_row + k * a_step] * b[k * b_step + n]. Rows that are
 * missing are computed as the last one again. */
TMB_NO_INLINE static void tmb_matmul_f32_block(const float *a, const float *b, float *y, int32_t rows,
                                               const tmb_matmul_f32_params *p) {
  const int32_t a_row = p->a_row_stride, a_step = p->a_col_stride, b_step = p->b_row_stride, y_step = p->cols;
  const float *x0 = a, *x1 = rows > 1 ? x0 + a_row : x0, *x2 = rows > 2 ? x1 + a_row : x1, *x3 = rows > 3 ? x2 + a_row : x2;
  float s00 = 0.0f, s01 = 0.0f, s02 = 0.0f, s03 = 0.0f, s10 = 0.0f, s11 = 0.0f, s12 = 0.0f, s13 = 0.0f;
  float s20 = 0.0f, s21 = 0.0f, s22 = 0.0f, s23 = 0.0f, s30 = 0.0f, s31 = 0.0f, s32 = 0.0f, s33 = 0.0f;
  int32_t k;
  for (k = p->depth; k > 0; --k, b += b_step, x0 += a_step, x1 += a_step, x2 += a_step, x3 += a_step) {
    const float b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3];
    TMB_ADD4(*x0, s00, s01, s02, s03);
    TMB_ADD4(*x1, s10, s11, s12, s13);
    TMB_ADD4(*x2, s20, s21, s22, s23);
    TMB_ADD4(*x3, s30, s31, s32, s33);
  }
  y[0] = s00, y[1] = s01, y[2] = s02, y[3] = s03;
  y += rows > 1 ? y_step : 0;
  y[0] = s10, y[1] = s11, y[2] = s12, y[3] = s13;
  y += rows > 2 ? y_step : 0;
  y[0] = s20, y[1] = s21, y[2] = s22, y[3] = s23;
  y += rows > 3 ? y_step : 0;
  y[0] = s30, y[1] = s31, y[2] = s32, y[3] = s33;
}

#endif
