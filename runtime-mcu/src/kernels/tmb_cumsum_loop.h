/* SPDX-License-Identifier: MIT */
/* The body of the cumulative sums. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL        the function's name
 *   TMB_ELEMENT       the element type
 *   TMB_ACCUMULATOR   the type that adds */
#include "tmb_index.h"

void TMB_KERNEL(const TMB_ELEMENT *x, const int64_t *axis, TMB_ELEMENT *y, const tmb_cumsum_params *p) {
  const int32_t at = tmb_index_clamped(*axis, p->rank);
  const int32_t depth = p->dims[at];
  int32_t outer = 1, inner = 1;
  int32_t o, i, d;
  for (d = 0; d < at; ++d)
    outer *= p->dims[d];
  for (d = at + 1; d < p->rank; ++d)
    inner *= p->dims[d];
  for (o = 0; o < outer; ++o)
    for (i = 0; i < inner; ++i) {
      TMB_ACCUMULATOR sum = 0;
      for (d = 0; d < depth; ++d) {
        const int32_t place = (o * depth + (p->reverse ? depth - 1 - d : d)) * inner + i;
        const TMB_ACCUMULATOR next = (TMB_ACCUMULATOR)(sum + (TMB_ACCUMULATOR)x[place]);
        y[place] = (TMB_ELEMENT)(p->exclusive ? sum : next);
        sum = next;
      }
    }
}

#undef TMB_KERNEL
#undef TMB_ELEMENT
#undef TMB_ACCUMULATOR
