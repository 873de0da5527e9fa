/* SPDX-License-Identifier: MIT */
/* Gathers slices of a tensor by index. */
#include <string.h>

#include "thimble/tmb_kernels.h"

/* Index i of the list as a position along the axis. */
static int32_t tmb_gather_position(const void *indices, int32_t i, const tmb_gather_params *p) {
  int64_t position = p->index_bytes == 8 ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
  if (position < 0)
    position += p->axis_size;
  if (position < 0)
    return 0;
  return position < p->axis_size ? (int32_t)position : p->axis_size - 1;
}

void tmb_gather(const void *x, const void *indices, void *y, const tmb_gather_params *p) {
  const uint8_t *slab = (const uint8_t *)x;
  uint8_t *out = (uint8_t *)y;
  const int32_t inner_bytes = p->inner_bytes;
  int32_t o, i;
  for (o = 0; o < p->outer; ++o) {
    for (i = 0; i < p->index_count; ++i) {
      memcpy(out, slab + tmb_gather_position(indices, i, p) * inner_bytes, (size_t)inner_bytes);
      out += inner_bytes;
    }
    slab += p->axis_size * inner_bytes;
  }
}
