/* SPDX-License-Identifier: MIT */
/* Products of rows of activations and rows of weights, float32, with the vector instructions of Armv8.1-M: each of four lanes is a
 * row of weights, so that every sum is of the same numbers in the same order as that of the portable kernels. */
#ifndef TMB_ROWS_F32_H
#define TMB_ROWS_F32_H

#include <arm_mve.h>
#include <stddef.h>

#include "tmb_few_f32.h"
#include "tmb_mve_f32.h"
#include "tmb_no_inline.h"

/* Four outputs of `rows` rows, 1 to 4: y[m * y_step + n] = bias[n] + sum of x[m * x_step + k] * w[n * w_step + k] over k < depth.
 * Rows that are missing are computed as the last one again. */
TMB_NO_INLINE static void tmb_block4_f32(const float *x, int32_t x_step, int32_t rows, const float *w, int32_t w_step,
                                         int32_t depth, const float *bias, float *y, int32_t y_step) {
  const float *x0 = x, *x1 = rows > 1 ? x0 + x_step : x0, *x2 = rows > 2 ? x1 + x_step : x1, *x3 = rows > 3 ? x2 + x_step : x2;
  const uint32x4_t places = tmb_mve_places(w_step);
  float32x4_t s0 = bias != NULL ? vldrwq_f32(bias) : vdupq_n_f32(0.0f), s1 = s0, s2 = s0, s3 = s0;
  for (; depth > 0; --depth) {
    const float32x4_t b = vldrwq_gather_shifted_offset_f32(w++, places);
    s0 = tmb_mve_multiply_add(s0, b, *x0++);
    s1 = tmb_mve_multiply_add(s1, b, *x1++);
    s2 = tmb_mve_multiply_add(s2, b, *x2++);
    s3 = tmb_mve_multiply_add(s3, b, *x3++);
  }
  tmb_mve_store_rows(y, y_step, rows, s0, s1, s2, s3);
}

/* The same for one row. */
TMB_NO_INLINE static void tmb_block1_f32(const float *x, const float *w, int32_t w_step, int32_t depth, const float *bias,
                                         float *y) {
  const uint32x4_t places = tmb_mve_places(w_step);
  float32x4_t sum = bias != NULL ? vldrwq_f32(bias) : vdupq_n_f32(0.0f);
  for (; depth >= 4; depth -= 4, x += 4, w += 4) {
    sum = tmb_mve_multiply_add(sum, vldrwq_gather_shifted_offset_f32(w, places), x[0]);
    sum = tmb_mve_multiply_add(sum, vldrwq_gather_shifted_offset_f32(w + 1, places), x[1]);
    sum = tmb_mve_multiply_add(sum, vldrwq_gather_shifted_offset_f32(w + 2, places), x[2]);
    sum = tmb_mve_multiply_add(sum, vldrwq_gather_shifted_offset_f32(w + 3, places), x[3]);
  }
  for (; depth > 0; --depth)
    sum = tmb_mve_multiply_add(sum, vldrwq_gather_shifted_offset_f32(w++, places), *x++);
  vstrwq_f32(y, sum);
}

/* 16 outputs of one row. */
TMB_NO_INLINE static void tmb_block16_f32(const float *x, const float *w, int32_t w_step, int32_t depth, const float *bias,
                                          float *y) {
  const float *w0 = w, *w1 = w0 + 4 * w_step, *w2 = w1 + 4 * w_step, *w3 = w2 + 4 * w_step;
  const uint32x4_t places = tmb_mve_places(w_step);
  float32x4_t s0 = vdupq_n_f32(0.0f), s1 = s0, s2 = s0, s3 = s0;
  if (bias != NULL)
    s0 = vldrwq_f32(bias), s1 = vldrwq_f32(bias + 4), s2 = vldrwq_f32(bias + 8), s3 = vldrwq_f32(bias + 12);
  for (; depth > 0; --depth) {
    const float a = *x++;
    s0 = tmb_mve_multiply_add(s0, vldrwq_gather_shifted_offset_f32(w0++, places), a);
    s1 = tmb_mve_multiply_add(s1, vldrwq_gather_shifted_offset_f32(w1++, places), a);
    s2 = tmb_mve_multiply_add(s2, vldrwq_gather_shifted_offset_f32(w2++, places), a);
    s3 = tmb_mve_multiply_add(s3, vldrwq_gather_shifted_offset_f32(w3++, places), a);
  }
  vstrwq_f32(y, s0);
  vstrwq_f32(y + 4, s1);
  vstrwq_f32(y + 8, s2);
  vstrwq_f32(y + 12, s3);
}

/* y[m * y_step + n] = bias[n] + sum of x[m * x_step + k] * w[n * w_step + k] over k < depth, for m < rows <= 4 and n < cols.
 * bias may be null. x and y are apart. Outputs may be written more than once, with the same value. */
static inline void tmb_rows4_f32(const float *x, int32_t x_step, int32_t rows, const float *w, int32_t w_step, int32_t depth,
                                 const float *bias, float *y, int32_t y_step, int32_t cols) {
  int32_t n = 0;
  if (cols < 4) {
    tmb_few_f32(x, x_step, rows, w, w_step, depth, bias, y, y_step, cols);
    return;
  }
  for (; rows == 1 && n + 16 <= cols; n += 16)
    tmb_block16_f32(x, w + n * w_step, w_step, depth, bias != NULL ? bias + n : NULL, y + n);
  for (; n < cols; n += 4) {
    const int32_t at = n < cols - 4 ? n : cols - 4; /* the last block begins earlier, to be whole */
    const float *b = bias != NULL ? bias + at : NULL;
    if (rows > 1)
      tmb_block4_f32(x, x_step, rows, w + at * w_step, w_step, depth, b, y + at, y_step);
    else
      tmb_block1_f32(x, w + at * w_step, w_step, depth, b, y + at);
  }
}

#endif
