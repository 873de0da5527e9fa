/* SPDX-License-Identifier: MIT */
/* Writes single elements, whose coordinate along one axis is given, into a copy of a tensor. */
#include "thimble/tmb_kernels.h"
#include "tmb_index.h"
#include "tmb_scatter.h"
#include "tmb_walk.h"

void tmb_scatter_elements(const void *x, const int64_t *indices, const void *updates, void *y,
                          const tmb_scatter_elements_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const uint8_t *update = (const uint8_t *)updates;
  if (x != y)
    memcpy(y, x, (size_t)p->count * (size_t)p->element_bytes);
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const int32_t position = tmb_index_position(*indices++, p->axis_size);
    const int32_t offset = tmb_walk_offset(p->rank, index, p->x_strides) + position * p->axis_stride;
    if (position >= 0)
      tmb_scatter_row(y, offset, update, 1, p->element_bytes, p->kind, p->type);
    update += p->element_bytes;
  } while (tmb_walk_next(p->rank, p->dims, index));
}
