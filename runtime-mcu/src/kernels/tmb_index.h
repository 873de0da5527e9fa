/* SPDX-License-Identifier: MIT */
/* Indices that count from either end of a dimension. */
#ifndef TMB_INDEX_H
#define TMB_INDEX_H

#include <stdint.h>

/* The position that an index means, or -1 if it is out of range. */
static inline int32_t tmb_index_position(int64_t index, int32_t size) {
  if (index < 0)
    index += size;
  return index >= 0 && index < size ? (int32_t)index : -1;
}

/* The position that an index means, clamped to the dimension, which is not empty. */
static inline int32_t tmb_index_clamped(int64_t index, int32_t size) {
  if (index < 0)
    index += size;
  if (index < 0)
    return 0;
  return index < size ? (int32_t)index : size - 1;
}

#endif
