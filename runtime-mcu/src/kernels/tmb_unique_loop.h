/* SPDX-License-Identifier: MIT */
/* The body of the kernels that find distinct slices. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL    the function's name
 *   TMB_ELEMENT   the element type
 *   TMB_COMPARE   a name for its function of two slices */

/* Lexicographic order of slices a and b: 0 if they are equal, negative if a stands before b, else positive. */
static int TMB_COMPARE(const TMB_ELEMENT *x, int64_t a, int64_t b, const tmb_unique_params *p) {
  int32_t o, i;
  for (o = 0; o < p->outer; ++o)
    for (i = 0; i < p->inner; ++i) {
      const TMB_ELEMENT left = x[(o * p->depth + (int32_t)a) * p->inner + i];
      const TMB_ELEMENT right = x[(o * p->depth + (int32_t)b) * p->inner + i];
      if (left < right)
        return -1;
      if (!(left == right))
        return 1;
    }
  return 0;
}

void TMB_KERNEL(const TMB_ELEMENT *x, int64_t *first, int64_t *inverse, int64_t *counts, int64_t *size,
                const tmb_unique_params *p) {
  const int32_t depth = p->depth;
  int32_t kinds = 0;
  int32_t d, k, least;
  for (d = 0; d < depth; ++d) {
    for (k = 0; k < kinds && TMB_COMPARE(x, first[k], d, p) != 0;)
      ++k;
    if (k == kinds) {
      first[k] = d;
      counts[k] = 0;
      ++kinds;
    }
    inverse[d] = k;
    ++counts[k];
  }
  for (k = kinds; k < depth; ++k) {
    first[k] = 0;
    counts[k] = 0;
  }
  *size = kinds;
  if (!p->sorted)
    return;
  /* Selection sort: few swaps, each of which renames the slices of two kinds. */
  for (k = 0; k + 1 < kinds; ++k) {
    int64_t other;
    least = k;
    for (d = k + 1; d < kinds; ++d)
      if (TMB_COMPARE(x, first[d], first[least], p) < 0)
        least = d;
    if (least == k)
      continue;
    other = first[k];
    first[k] = first[least];
    first[least] = other;
    other = counts[k];
    counts[k] = counts[least];
    counts[least] = other;
    for (d = 0; d < depth; ++d)
      if (inverse[d] == k)
        inverse[d] = least;
      else if (inverse[d] == least)
        inverse[d] = k;
  }
}

#undef TMB_KERNEL
#undef TMB_ELEMENT
#undef TMB_COMPARE
