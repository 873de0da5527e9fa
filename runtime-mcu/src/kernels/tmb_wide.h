/* SPDX-License-Identifier: MIT */
/* How 64-bit accumulators become int16 outputs, and reciprocals without a 64-bit division. */
#ifndef TMB_WIDE_H
#define TMB_WIDE_H

#include "thimble/tmb_requant.h"

/* floor(acc * multiplier * 2^(shift - 32) + 1/2), exact, saturating to int16. |acc| < 2^46, shift is -31 to 15. */
static inline int32_t tmb_requantize_wide(int64_t acc, int32_t multiplier, int32_t shift) {
  const int64_t high = acc >> 16;
  const int64_t low = acc - high * 65536;
  const int64_t scaled = high * multiplier + ((low * multiplier) >> 16); /* floor(acc * multiplier / 2^16) */
  const int64_t y = (scaled + ((int64_t)1 << (15 - shift))) >> (16 - shift);
  return y < INT16_MIN ? INT16_MIN : (y > INT16_MAX ? INT16_MAX : (int32_t)y);
}

/* 2^61 / value for value from 2^30 to 2^31 - 1, within 2^-28 of it: one division of 32 bits and one step of Newton's. */
static inline uint32_t tmb_reciprocal(uint32_t value) {
  const uint32_t first = UINT32_MAX / (value >> 15); /* nearly 2^47 / value */
  const int64_t error = ((int64_t)1 << 47) - (int64_t)((uint64_t)value * first);
  const int64_t result = (int64_t)first * 16384 + ((first * error) >> 33);
  return (uint32_t)(result > INT32_MAX ? INT32_MAX : result);
}

#endif
