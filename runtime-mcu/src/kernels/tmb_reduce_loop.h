/* SPDX-License-Identifier: MIT */
/* The body of every reduction kernel. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL                 the function's name
 *   TMB_PARAMS                 its parameter record, with the fields of tmb_reduce_params
 *   TMB_ELEMENT                the element type of x and y
 *   TMB_ACCUMULATOR            the type that reduces
 *   TMB_INITIAL(p)             the accumulator's first value
 *   TMB_STEP(acc, value)       the accumulator with one more element
 *   TMB_FINISH(acc, count, p)  the result, from the accumulator and the number of reduced elements */
#include "tmb_walk.h"

void TMB_KERNEL(const TMB_ELEMENT *x, TMB_ELEMENT *y, const TMB_PARAMS *p) {
  int32_t kept[TMB_MAX_RANK] = {0};
  int32_t reduced[TMB_MAX_RANK] = {0};
  const int32_t outer = p->reduced_rank > 0 ? p->reduced_rank - 1 : 0;
  const int32_t run = p->reduced_rank > 0 ? p->reduced_dims[outer] : 1;
  const int32_t step = p->reduced_strides[outer];
  const int32_t count = tmb_walk_count(p->reduced_rank, p->reduced_dims);
  if (tmb_walk_count(p->kept_rank, p->kept_dims) == 0)
    return;
  do {
    const int32_t first = tmb_walk_offset(p->kept_rank, kept, p->kept_strides);
    TMB_ACCUMULATOR acc = TMB_INITIAL(p);
    if (count > 0) {
      do {
        const TMB_ELEMENT *row = x + first + tmb_walk_offset(outer, reduced, p->reduced_strides);
        int32_t i;
        for (i = 0; i < run; ++i) {
          const TMB_ELEMENT value = row[i * step];
          acc = TMB_STEP(acc, value);
        }
      } while (tmb_walk_next(outer, p->reduced_dims, reduced));
    }
    *y++ = (TMB_ELEMENT)(TMB_FINISH(acc, count, p));
  } while (tmb_walk_next(p->kept_rank, p->kept_dims, kept));
}

#undef TMB_KERNEL
#undef TMB_PARAMS
#undef TMB_ELEMENT
#undef TMB_ACCUMULATOR
#undef TMB_INITIAL
#undef TMB_STEP
#undef TMB_FINISH
