/* SPDX-License-Identifier: MIT */
/* Reverses the first elements of each sequence. */
#include <string.h>

#include "thimble/tmb_kernels.h"

void tmb_reverse_sequence(const void *x, const int64_t *lengths, void *y, const tmb_reverse_sequence_params *p) {
  const size_t bytes = (size_t)p->inner_bytes;
  int32_t b, t;
  for (b = 0; b < p->batch; ++b) {
    const int64_t length = lengths[b] < p->time ? lengths[b] : p->time;
    for (t = 0; t < p->time; ++t) {
      const int32_t source = t < length ? (int32_t)length - 1 - t : t;
      const int32_t from = b * p->batch_stride + source * p->time_stride, to = b * p->batch_stride + t * p->time_stride;
      memcpy((uint8_t *)y + (size_t)to * bytes, (const uint8_t *)x + (size_t)from * bytes, bytes);
    }
  }
}
