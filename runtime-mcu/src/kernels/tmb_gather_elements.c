/* SPDX-License-Identifier: MIT */
/* Gathers single elements, whose coordinate along one axis is given. */
#include "thimble/tmb_kernels.h"
#include "tmb_any.h"
#include "tmb_index.h"
#include "tmb_walk.h"

void tmb_gather_elements(const void *x, const int64_t *indices, void *y, const tmb_gather_elements_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t bytes = p->element_bytes;
  uint8_t *out = (uint8_t *)y;
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const int32_t position = tmb_index_clamped(*indices++, p->axis_size);
    const int32_t offset = tmb_walk_offset(p->rank, index, p->x_strides) + position * p->axis_stride;
    tmb_any_copy((const uint8_t *)x + offset * bytes, out, bytes);
    out += bytes;
  } while (tmb_walk_next(p->rank, p->dims, index));
}
