/* SPDX-License-Identifier: MIT */
/* Counting the leading zeros of a word. */
#ifndef TMB_LEADING_ZEROS_H
#define TMB_LEADING_ZEROS_H

#include <stdint.h>

/* Zeros above the highest bit that is set; value is not 0. */
static inline int32_t tmb_leading_zeros(uint32_t value) {
  int32_t zeros = 0, step;
  for (step = 16; step > 0; step >>= 1)
    if (value >> (32 - step) == 0) {
      value <<= step;
      zeros += step;
    }
  return zeros;
}

#endif
