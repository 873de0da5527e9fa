/* SPDX-License-Identifier: MIT */
/* Moves bytes toward the start of the same memory. */
#include <string.h>

#include "thimble/tmb_kernels.h"

void tmb_slide(void *x, const tmb_slide_params *p) {
  uint8_t *to = (uint8_t *)x;
  const uint8_t *from = to + p->distance;
  int32_t i = 0;
  /* Four words at a time: all are read before the first is written, so that short distances do no harm. */
  for (; i <= p->bytes - 16; i += 16) {
    uint32_t words[4];
    memcpy(words, from + i, sizeof(words));
    memcpy(to + i, words, sizeof(words));
  }
  for (; i < p->bytes; ++i)
    to[i] = from[i];
}
