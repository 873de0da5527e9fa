/* SPDX-License-Identifier: MIT */
/* Coordinates of the elements that are not zero. */
#include "thimble/tmb_kernels.h"
#include "tmb_walk.h"

void tmb_non_zero(const uint8_t *x, int64_t *y, int64_t *size, const tmb_non_zero_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t count = tmb_walk_count(p->rank, p->dims);
  int32_t found = 0;
  int32_t i, d;
  for (i = 0; i < count * p->rank; ++i)
    y[i] = 0;
  for (i = 0; i < count; ++i) {
    if (x[i]) {
      for (d = 0; d < p->rank; ++d)
        y[d * count + found] = index[d];
      ++found;
    }
    (void)tmb_walk_next(p->rank, p->dims, index);
  }
  *size = found;
}
