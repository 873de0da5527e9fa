/* SPDX-License-Identifier: MIT */
/* Bytes to an earlier place of the same memory, or to another one. */
#include <string.h>

#include "thimble/tmb_kernels.h"

void tmb_move_down(const void *x, void *y, const tmb_count_params *p) {
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  int32_t i = 0;
  /* Four words at a time: all are read before the first is written, so that short distances do no harm. */
  for (; i <= p->count - 16; i += 16) {
    uint32_t words[4];
    memcpy(words, from + i, sizeof(words));
    memcpy(to + i, words, sizeof(words));
  }
  for (; i < p->count; ++i)
    to[i] = from[i];
}
