/* SPDX-License-Identifier: MIT */
/* Gathers slices that tuples of indices name. */
#include <string.h>

#include "thimble/tmb_kernels.h"
#include "tmb_index.h"

void tmb_gather_nd(const void *x, const int64_t *indices, void *y, const tmb_gather_nd_params *p) {
  const uint8_t *slab = (const uint8_t *)x;
  uint8_t *out = (uint8_t *)y;
  int32_t b, i, k;
  for (b = 0; b < p->batches; ++b) {
    for (i = 0; i < p->tuples; ++i) {
      int32_t slice = 0;
      for (k = 0; k < p->width; ++k)
        slice += tmb_index_clamped(*indices++, p->sizes[k]) * p->strides[k];
      memcpy(out, slab + slice * p->slice_bytes, (size_t)p->slice_bytes);
      out += p->slice_bytes;
    }
    slab += p->batch_stride * p->slice_bytes;
  }
}
