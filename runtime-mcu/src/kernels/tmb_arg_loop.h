/* SPDX-License-Identifier: MIT */
/* The body of the arg-max and arg-min kernels. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL             the function's name
 *   TMB_ELEMENT            the element type of x
 *   TMB_BETTER(a, b)       whether a beats b */

void TMB_KERNEL(const TMB_ELEMENT *x, int64_t *y, const tmb_arg_params *p) {
  const tmb_arg_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t o, i, d;
  for (o = 0; o < params.outer; ++o) {
    const TMB_ELEMENT *slab = x + o * params.depth * params.inner;
    for (i = 0; i < params.inner; ++i) {
      TMB_ELEMENT best = slab[i];
      int32_t best_index = 0;
      for (d = 1; d < params.depth; ++d) {
        const TMB_ELEMENT value = slab[d * params.inner + i];
        if (TMB_BETTER(value, best) || (params.select_last && value == best)) {
          best = value;
          best_index = d;
        }
      }
      *y++ = best_index;
    }
  }
}

#undef TMB_KERNEL
#undef TMB_ELEMENT
#undef TMB_BETTER
