/* SPDX-License-Identifier: MIT */
/* The walk of elementwise kernels of two quantized tensors with broadcasting. Before including it (once for each kernel; it has no
 * guard) define
 *   TMB_KERNEL   the function's name
 *   TMB_PARAMS   its parameters: rank, dims, a_strides and b_strides among them
 *   TMB_ELEMENT  the type of all elements
 *   TMB_ROW      a function (a, a_step, b, b_step, y, count, p) that computes `count` neighbouring results from operands that lie
 *                a_step and b_step apart */
#include "tmb_walk.h"

void TMB_KERNEL(const TMB_ELEMENT *a, const TMB_ELEMENT *b, TMB_ELEMENT *y, const TMB_PARAMS *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    TMB_ROW(a + tmb_walk_offset(outer, index, p->a_strides), p->a_strides[outer], b + tmb_walk_offset(outer, index, p->b_strides),
            p->b_strides[outer], y, count, p);
    y += count;
  } while (tmb_walk_next(outer, p->dims, index));
}

#undef TMB_KERNEL
#undef TMB_PARAMS
#undef TMB_ELEMENT
#undef TMB_ROW
