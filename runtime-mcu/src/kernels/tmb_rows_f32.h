/* SPDX-License-Identifier: MIT */
/* Products of rows of activations and rows of weights, float32: what convolutions, fully connected layers and matrix products have
 * in common. Blocks of 4 x 4 results stay in registers, so that eight loads feed sixteen products. */
#ifndef TMB_ROWS_F32_H
#define TMB_ROWS_F32_H

#include <stddef.h>
#include <stdint.h>

#include "tmb_few_f32.h"
#include "tmb_multiply_add_f32.h"
#include "tmb_no_inline.h"

#define TMB_ADD4(x, s0, s1, s2, s3)                                                                                            \
  s0 = tmb_multiply_add_f32(s0, x, b0), s1 = tmb_multiply_add_f32(s1, x, b1), s2 = tmb_multiply_add_f32(s2, x, b2),            \
  s3 = tmb_multiply_add_f32(s3, x, b3)

/* Element i of four rows of weights, and its products with four rows or one row of activations. */
#define TMB_LOAD4(i) const float b0 = w0[i], b1 = w1[i], b2 = w2[i], b3 = w3[i]
#define TMB_STEP4(i)                                                                                                           \
  do {                                                                                                                         \
    TMB_LOAD4(i);                                                                                                              \
    TMB_ADD4(x0[i], s00, s01, s02, s03);                                                                                       \
    TMB_ADD4(x1[i], s10, s11, s12, s13);                                                                                       \
    TMB_ADD4(x2[i], s20, s21, s22, s23);                                                                                       \
    TMB_ADD4(x3[i], s30, s31, s32, s33);                                                                                       \
  } while (0)
#define TMB_STEP1(i)                                                                                                           \
  do {                                                                                                                         \
    TMB_LOAD4(i);                                                                                                              \
    TMB_ADD4(x0[i], s00, s01, s02, s03);                                                                                       \
  } while (0)

/* Four outputs of `rows` rows, 1 to 4: y[m * y_step + n] = bias[n] + sum of x[m * x_step + k] * w[n * w_step + k] over k < depth.
 * Rows that are missing are computed as the last one again. */
TMB_NO_INLINE static void tmb_block4_f32(const float *x, int32_t x_step, int32_t rows, const float *w, int32_t w_step,
                                         int32_t depth, const float *bias, float *y, int32_t y_step) {
  const float *x0 = x, *x1 = rows > 1 ? x0 + x_step : x0, *x2 = rows > 2 ? x1 + x_step : x1, *x3 = rows > 3 ? x2 + x_step : x2;
  const float *w0 = w, *w1 = w0 + w_step, *w2 = w1 + w_step, *w3 = w2 + w_step;
  float s00 = 0.0f, s01 = 0.0f, s02 = 0.0f, s03 = 0.0f;
  float s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33;
  if (bias != NULL)
    s00 = bias[0], s01 = bias[1], s02 = bias[2], s03 = bias[3];
  s30 = s20 = s10 = s00, s31 = s21 = s11 = s01, s32 = s22 = s12 = s02, s33 = s23 = s13 = s03;
  for (; depth >= 4; depth -= 4) {
    TMB_STEP4(0);
    TMB_STEP4(1);
    TMB_STEP4(2);
    TMB_STEP4(3);
    x0 += 4, x1 += 4, x2 += 4, x3 += 4, w0 += 4, w1 += 4, w2 += 4, w3 += 4;
  }
  for (; depth > 0; --depth) {
    TMB_STEP4(0);
    ++x0, ++x1, ++x2, ++x3, ++w0, ++w1, ++w2, ++w3;
  }
  y[0] = s00, y[1] = s01, y[2] = s02, y[3] = s03;
  y += rows > 1 ? y_step : 0;
  y[0] = s10, y[1] = s11, y[2] = s12, y[3] = s13;
  y += rows > 2 ? y_step : 0;
  y[0] = s20, y[1] = s21, y[2] = s22, y[3] = s23;
  y += rows > 3 ? y_step : 0;
  y[0] = s30, y[1] = s31, y[2] = s32, y[3] = s33;
}

/* The same for one row. */
TMB_NO_INLINE static void tmb_block1_f32(const float *x0, const float *w, int32_t w_step, int32_t depth, const float *bias,
                                         float *y) {
  const float *w0 = w, *w1 = w0 + w_step, *w2 = w1 + w_step, *w3 = w2 + w_step;
  float s00 = 0.0f, s01 = 0.0f, s02 = 0.0f, s03 = 0.0f;
  if (bias != NULL)
    s00 = bias[0], s01 = bias[1], s02 = bias[2], s03 = bias[3];
  for (; depth >= 4; depth -= 4) {
    TMB_STEP1(0);
    TMB_STEP1(1);
    TMB_STEP1(2);
    TMB_STEP1(3);
    x0 += 4, w0 += 4, w1 += 4, w2 += 4, w3 += 4;
  }
  for (; depth > 0; --depth) {
    TMB_STEP1(0);
    ++x0, ++w0, ++w1, ++w2, ++w3;
  }
  y[0] = s00, y[1] = s01, y[2] = s02, y[3] = s03;
}

/* y[m * y_step + n] = bias[n] + sum of x[m * x_step + k] * w[n * w_step + k] over k < depth, for m < rows <= 4 and n < cols.
 * bias may be null. x and y are apart. Outputs may be written more than once, with the same value. */
static inline void tmb_rows4_f32(const float *x, int32_t x_step, int32_t rows, const float *w, int32_t w_step, int32_t depth,
                                 const float *bias, float *y, int32_t y_step, int32_t cols) {
  int32_t n;
  if (cols < 4) {
    tmb_few_f32(x, x_step, rows, w, w_step, depth, bias, y, y_step, cols);
    return;
  }
  for (n = 0; n < cols; n += 4) {
    const int32_t at = n < cols - 4 ? n : cols - 4; /* the last block begins earlier, to be whole */
    const float *b = bias != NULL ? bias + at : NULL;
    if (rows > 1)
      tmb_block4_f32(x, x_step, rows, w + at * w_step, w_step, depth, b, y + at, y_step);
    else
      tmb_block1_f32(x, w + at * w_step, w_step, depth, b, y + at);
  }
}

#endif
