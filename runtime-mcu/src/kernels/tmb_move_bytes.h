/* SPDX-License-Identifier: MIT */
/* Bytes to an earlier place of the same memory, or to another one. */
#ifndef TMB_MOVE_BYTES_H
#define TMB_MOVE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline void tmb_move_bytes(const uint8_t *from, uint8_t *to, int32_t count) {
  int32_t i = 0;
  /* Four words at a time: all are read before the first is written, so that short distances do no harm. */
  for (; i <= count - 16; i += 16) {
    uint32_t words[4];
    memcpy(words, from + i, sizeof(words));
    memcpy(to + i, words, sizeof(words));
  }
  for (; i < count; ++i)
    to[i] = from[i];
}

#endif
