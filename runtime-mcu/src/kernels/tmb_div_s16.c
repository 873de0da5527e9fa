/* SPDX-License-Identifier: MIT */
/* Elementwise division with broadcasting, int16. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_leading_zeros.h"

/* 2^31 / m for m = 2^15, 2^15 + 2^9 ... 2^16. */
static const uint16_t tmb_div_s16_table[65] = {
  65535, 64528, 63550, 62602, 61681, 60787, 59919, 59075, 58254, 57456, 56680, 55924, 55188,
  54471, 53773, 53092, 52429, 51782, 51150, 50534, 49932, 49345, 48771, 48210, 47663, 47127,
  46603, 46091, 45590, 45100, 44620, 44151, 43691, 43240, 42799, 42367, 41943, 41528, 41121,
  40721, 40330, 39946, 39569, 39199, 38836, 38480, 38130, 37787, 37449, 37118, 36792, 36472,
  36158, 35849, 35545, 35246, 34953, 34664, 34380, 34100, 33825, 33554, 33288, 33026, 32768};

/* 2^46 / m for m from 2^15 to 2^16 - 1, within 2^-26 of it: a chord of the table and one step of Newton's. */
static inline int32_t tmb_div_s16_invert(uint32_t m) {
  const uint16_t *entry = tmb_div_s16_table + ((m >> 9) - 64);
  const int32_t first = entry[0] - (int32_t)(((uint32_t)(entry[0] - entry[1]) * (m & 511u) + 256u) >> 9);
  const int32_t error = (int32_t)(0x80000000u - (uint32_t)first * m);
  return (int32_t)((uint32_t)first << 15) + (int32_t)(((int64_t)first * error) >> 16);
}

/* What a is multiplied with instead of being divided by b: 2^16 * factor / b, saturated; for b = 0 the largest number. */
static int32_t tmb_div_s16_reciprocal(int32_t b, int32_t multiplier, int32_t shift) {
  const uint32_t magnitude = (uint32_t)(b < 0 ? -b : b);
  int32_t zeros, down;
  int64_t reciprocal = INT32_MAX;
  if (magnitude != 0) {
    zeros = tmb_leading_zeros(magnitude) - 16;
    down = shift - zeros;
    reciprocal = (int64_t)multiplier * tmb_div_s16_invert(magnitude << zeros);
    reciprocal = down > 62 ? 0 : (reciprocal + ((int64_t)1 << (down - 1))) >> down;
    reciprocal = reciprocal > INT32_MAX ? INT32_MAX : reciprocal;
  }
  return (int32_t)(b < 0 ? -reciprocal : reciprocal);
}

static void tmb_div_s16_row(const int16_t *a, int32_t a_step, const int16_t *b, int32_t b_step, int16_t *y, int32_t count,
                            const tmb_div_s16_params *p) {
  const int32_t multiplier = p->multiplier, shift = p->shift, act_min = p->act_min, act_max = p->act_max;
  int32_t reciprocal = tmb_div_s16_reciprocal(*b, multiplier, shift);
  for (; count > 0; --count, a += a_step, b += b_step) {
    if (b_step != 0)
      reciprocal = tmb_div_s16_reciprocal(*b, multiplier, shift);
    *y++ = (int16_t)tmb_clamp_s32((int32_t)(((int64_t)(*a * 65536) * reciprocal + ((int64_t)1 << 31)) >> 32), act_min, act_max);
  }
}

#define TMB_KERNEL tmb_div_s16
#define TMB_PARAMS tmb_div_s16_params
#define TMB_ELEMENT int16_t
#define TMB_ROW tmb_div_s16_row
#include "tmb_two_rows_loop.h"
