/* SPDX-License-Identifier: MIT */
/* Maximum pooling of up to three dimensions with the positions of the maxima, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"
#include "tmb_walk.h"

/* The maximum of the window at output position `at`; its position in the image, counted as p says, goes to `index`. */
static float tmb_max_pool_window(const float *x, const int32_t *at, int32_t *index, const tmb_max_pool_indices_params *p) {
  int32_t tap[TMB_MAX_RANK] = {0};
  float best = -INFINITY;
  int32_t found = 0;
  *index = 0;
  do {
    int32_t offset = 0, column = 0, step = 1, inside = 1, d;
    for (d = 0; d < p->rank; ++d) {
      const int32_t position = at[d] * p->strides[d] - p->pads[d] + tap[d] * p->dilations[d];
      inside = inside && position >= 0 && position < p->in_dims[d];
      offset = offset * p->in_dims[d] + position;
      column += position * step;
      step *= p->in_dims[d];
    }
    if (inside && (!found || x[offset] > best)) {
      best = x[offset];
      *index = p->column_major ? column : offset;
      found = 1;
    }
  } while (tmb_walk_next(p->rank, p->kernel, tap));
  return best;
}

void tmb_max_pool_indices_f32(const float *x, float *y, int64_t *indices, const tmb_max_pool_indices_params *p) {
  const int32_t image = tmb_walk_count(p->rank, p->in_dims);
  int32_t o;
  if (tmb_walk_count(p->rank, p->out_dims) == 0)
    return;
  for (o = 0; o < p->outer; ++o) {
    int32_t at[TMB_MAX_RANK] = {0};
    do {
      int32_t index;
      *y++ = tmb_max_pool_window(x + o * image, at, &index, p);
      *indices++ = (int64_t)o * image + index;
    } while (tmb_walk_next(p->rank, p->out_dims, at));
  }
}
