/* SPDX-License-Identifier: MIT */
/* The body of every elementwise kernel of two tensors. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL            the function's name
 *   TMB_INPUT TMB_OUTPUT  element types
 *   TMB_EXPRESSION(a, b)  the result for one pair of elements */
#include "tmb_walk.h"

void TMB_KERNEL(const TMB_INPUT *a, const TMB_INPUT *b, TMB_OUTPUT *y, const tmb_binary_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  const int32_t a_step = p->a_strides[outer];
  const int32_t b_step = p->b_strides[outer];
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const TMB_INPUT *a_row = a + tmb_walk_offset(outer, index, p->a_strides);
    const TMB_INPUT *b_row = b + tmb_walk_offset(outer, index, p->b_strides);
    int32_t i;
    for (i = 0; i < count; ++i) {
      const TMB_INPUT a_value = a_row[i * a_step];
      const TMB_INPUT b_value = b_row[i * b_step];
      *y++ = (TMB_OUTPUT)(TMB_EXPRESSION(a_value, b_value));
    }
  } while (tmb_walk_next(outer, p->dims, index));
}

#undef TMB_KERNEL
#undef TMB_INPUT
#undef TMB_OUTPUT
#undef TMB_EXPRESSION
