/* SPDX-License-Identifier: MIT */
/* Writes slices that tuples of indices name into a copy of a tensor. */
#include "thimble/tmb_kernels.h"
#include "tmb_index.h"
#include "tmb_scatter.h"

void tmb_scatter_nd(const void *x, const int64_t *indices, const void *updates, void *y, const tmb_scatter_nd_params *p) {
  const uint8_t *update = (const uint8_t *)updates;
  int32_t i, k;
  if (x != y)
    memcpy(y, x, (size_t)p->count * (size_t)p->element_bytes);
  for (i = 0; i < p->tuples; ++i) {
    int32_t slice = 0;
    int32_t is_inside = 1;
    for (k = 0; k < p->width; ++k) {
      const int32_t position = tmb_index_position(*indices++, p->sizes[k]);
      is_inside = is_inside && position >= 0;
      slice += position * p->strides[k];
    }
    if (is_inside)
      tmb_scatter_row(y, slice * p->slice, update, p->slice, p->element_bytes, p->kind, p->type);
    update += p->slice * p->element_bytes;
  }
}
