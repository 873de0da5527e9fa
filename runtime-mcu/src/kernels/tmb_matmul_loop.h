/* SPDX-License-Identifier: MIT */
/* The body of the integer matrix products. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL    the function's name
 *   TMB_ELEMENT   the element type
 *   TMB_UNSIGNED  its unsigned twin, which wraps around */
#include "tmb_walk.h"

void TMB_KERNEL(const TMB_ELEMENT *a, const TMB_ELEMENT *b, TMB_ELEMENT *y, const tmb_matmul_f32_params *p) {
  int32_t batch[TMB_MAX_RANK] = {0};
  if (tmb_walk_count(p->batch_rank, p->batch_dims) == 0)
    return;
  do {
    const TMB_ELEMENT *a_matrix = a + tmb_walk_offset(p->batch_rank, batch, p->a_batch_strides);
    const TMB_ELEMENT *b_matrix = b + tmb_walk_offset(p->batch_rank, batch, p->b_batch_strides);
    int32_t m, n, k;
    for (m = 0; m < p->rows; ++m) {
      for (n = 0; n < p->cols; ++n) {
        TMB_UNSIGNED sum = 0;
        for (k = 0; k < p->depth; ++k)
          sum += (TMB_UNSIGNED)a_matrix[m * p->a_row_stride + k * p->a_col_stride] *
                 (TMB_UNSIGNED)b_matrix[k * p->b_row_stride + n * p->b_col_stride];
        *y++ = (TMB_ELEMENT)sum;
      }
    }
  } while (tmb_walk_next(p->batch_rank, p->batch_dims, batch));
}

#undef TMB_KERNEL
#undef TMB_ELEMENT
#undef TMB_UNSIGNED
