/* SPDX-License-Identifier: MIT */
/* Walking an N-dimensional box in row-major order: the outer loops of the broadcasting, copying and reducing kernels. */
#ifndef TMB_WALK_H
#define TMB_WALK_H

#include "thimble/tmb_abi.h"

/* Number of positions in the box; a box of rank 0 has one. */
static inline int32_t tmb_walk_count(int32_t rank, const int32_t *dims) {
  int32_t count = 1;
  int32_t d;
  for (d = 0; d < rank; ++d)
    count *= dims[d];
  return count;
}

/* Element offset of a position. */
static inline int32_t tmb_walk_offset(int32_t rank, const int32_t *index, const int32_t *strides) {
  int32_t offset = 0;
  int32_t d;
  for (d = 0; d < rank; ++d)
    offset += index[d] * strides[d];
  return offset;
}

/* Moves to the next position. After the last one it is back at the first and returns 0. */
static inline int tmb_walk_next(int32_t rank, const int32_t *dims, int32_t *index) {
  int32_t d;
  for (d = rank - 1; d >= 0; --d) {
    if (++index[d] < dims[d])
      return 1;
    index[d] = 0;
  }
  return 0;
}

#endif
