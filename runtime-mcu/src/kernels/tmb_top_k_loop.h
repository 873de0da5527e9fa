/* SPDX-License-Identifier: MIT */
/* The body of the top-k kernels. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL             the function's name
 *   TMB_ELEMENT            the element type
 *   TMB_IS_NAN(a)          whether a is not a number, which counts as the best */

/* Whether a stands before b. Of elements that are equal none does, so the one that came first stays first. */
static int TMB_BEFORE(TMB_ELEMENT a, TMB_ELEMENT b, int32_t smallest) {
  if (TMB_IS_NAN(a) || TMB_IS_NAN(b))
    return TMB_IS_NAN(a) && !TMB_IS_NAN(b);
  return smallest ? a < b : a > b;
}

/* Insertion into the sorted list of the best elements so far, which the output holds. */
void TMB_KERNEL(const TMB_ELEMENT *x, TMB_ELEMENT *y, int64_t *indices, const tmb_top_k_params *p) {
  const tmb_top_k_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t o, i, d;
  if (params.k == 0)
    return;
  for (o = 0; o < params.outer; ++o)
    for (i = 0; i < params.inner; ++i) {
      const TMB_ELEMENT *column = x + o * params.depth * params.inner + i;
      TMB_ELEMENT *best = y + o * params.k * params.inner + i;
      int64_t *place = indices + o * params.k * params.inner + i;
      int32_t size = 0;
      for (d = 0; d < params.depth; ++d) {
        const TMB_ELEMENT value = column[d * params.inner];
        int32_t at = size;
        if (size == params.k) {
          if (!TMB_BEFORE(value, best[(size - 1) * params.inner], params.smallest))
            continue;
          --at;
        } else {
          ++size;
        }
        for (; at > 0 && TMB_BEFORE(value, best[(at - 1) * params.inner], params.smallest); --at) {
          best[at * params.inner] = best[(at - 1) * params.inner];
          place[at * params.inner] = place[(at - 1) * params.inner];
        }
        best[at * params.inner] = value;
        place[at * params.inner] = d;
      }
    }
}

#undef TMB_KERNEL
#undef TMB_ELEMENT
#undef TMB_BEFORE
#undef TMB_IS_NAN
