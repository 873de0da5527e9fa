/* SPDX-License-Identifier: MIT */
/* Batched matrix product of two activations, int16. */
#include "thimble/tmb_kernels.h"
#include "tmb_no_inline.h"
#include "tmb_walk.h"
#include "tmb_wide.h"

/* Sum over k of A(k) * B(k), exact. */
TMB_NO_INLINE static int64_t tmb_matmul_s16_dot(const int16_t *a, const int16_t *b, int32_t a_step, int32_t b_step,
                                                int32_t depth) {
  int64_t sum = 0;
  for (; depth > 0; --depth, a += a_step, b += b_step)
    sum += *a * *b;
  return sum;
}

void tmb_matmul_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_matmul_s8_params *p) {
  int32_t batch[TMB_MAX_RANK] = {0};
  if (tmb_walk_count(p->batch_rank, p->batch_dims) == 0)
    return;
  do {
    const int16_t *row = a + tmb_walk_offset(p->batch_rank, batch, p->a_batch_strides);
    const int16_t *b_matrix = b + tmb_walk_offset(p->batch_rank, batch, p->b_batch_strides);
    int32_t m, n;
    for (m = 0; m < p->rows; ++m, row += p->a_row_stride) {
      const int16_t *column = b_matrix;
      for (n = 0; n < p->cols; ++n, column += p->b_col_stride)
        *y++ = (int16_t)tmb_requantize_wide(tmb_matmul_s16_dot(row, column, p->a_col_stride, p->b_row_stride, p->depth),
                                            p->multiplier, p->shift);
    }
  } while (tmb_walk_next(p->batch_rank, p->batch_dims, batch));
}
