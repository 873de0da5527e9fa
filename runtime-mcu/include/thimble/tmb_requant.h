/* SPDX-License-Identifier: MIT */
/* Requantization: how a 32-bit accumulator becomes an int8 value. Defined here once, for every kernel and for the compiler. */
#ifndef THIMBLE_TMB_REQUANT_H
#define THIMBLE_TMB_REQUANT_H

#include <stdint.h>

/* A real factor f > 0 is held as multiplier * 2^(shift - 32), 2^30 <= multiplier < 2^31 as far as shift >= 0 allows:
 * factors below one half have shift 0 and a multiplier of round(f * 2^32), larger ones a positive shift of at most 30.
 *
 *   requantize(acc) = floor(acc * 2^shift * multiplier / 2^32 + zero_point + 1/2)
 *
 * One rounding, ties toward plus infinity. acc * 2^shift saturates to 32 bits. This is what the Armv7E-M instruction SMMLAR
 * computes: (accumulate << 32 + a * b + 2^31) >> 32. TensorFlow Lite's reference rounds twice and can differ by one.
 * Right shifts of negative numbers are arithmetic on every compiler that the runtime supports. */
static inline int32_t tmb_requantize(int32_t acc, int32_t multiplier, int32_t shift, int32_t zero_point) {
  int64_t wide;
  if (shift > 0) {
    const int32_t limit = INT32_MAX >> shift;
    acc = acc > limit ? limit : (acc < -limit ? -limit : acc);
    acc = (int32_t)((uint32_t)acc << shift);
  }
  wide = (int64_t)acc * multiplier + ((int64_t)zero_point * ((int64_t)1 << 32)) + ((int64_t)1 << 31);
  return (int32_t)(wide >> 32);
}

/* The same with ties to even, before the zero point is added: for means, whose ties are frequent (64 pixels of one scale) and where
 * ONNX Runtime rounds so. */
static inline int32_t tmb_requantize_even(int32_t acc, int32_t multiplier, int32_t shift, int32_t zero_point) {
  int64_t wide;
  int32_t rounded;
  if (shift > 0) {
    const int32_t limit = INT32_MAX >> shift;
    acc = acc > limit ? limit : (acc < -limit ? -limit : acc);
    acc = (int32_t)((uint32_t)acc << shift);
  }
  wide = (int64_t)acc * multiplier + ((int64_t)1 << 31);
  rounded = (int32_t)(wide >> 32);
  if ((uint32_t)wide == 0)
    rounded -= rounded & 1;
  return rounded + zero_point;
}

/* Clamps to [low, high]. */
static inline int32_t tmb_clamp_s32(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : (value > high ? high : value);
}

#endif
