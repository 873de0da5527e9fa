/* SPDX-License-Identifier: MIT */
/* Square roots of integers. */
#ifndef TMB_SQUARE_ROOT_H
#define TMB_SQUARE_ROOT_H

#include <stdint.h>

/* floor(sqrt(value)), bit by bit. */
static inline uint32_t tmb_square_root(uint32_t value) {
  uint32_t root = 0, bit = (uint32_t)1 << 30;
  while (bit > value)
    bit >>= 2;
  for (; bit != 0; bit >>= 2) {
    if (value >= root + bit) {
      value -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return root;
}

#endif
