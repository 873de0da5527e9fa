/* SPDX-License-Identifier: MIT */
/* Element type conversion between all types. */
#include "thimble/tmb_kernels.h"
#include "tmb_any.h"

typedef struct tmb_cast_type {
  uint8_t bytes;
  uint8_t is_float;
  uint8_t is_signed;
  uint8_t value_bits; /* of an integer, without the sign */
} tmb_cast_type;

/* By tmb_type. */
static const tmb_cast_type tmb_cast_types[] = {
    {4, 1, 1, 0},  /* TMB_F32 */
    {1, 0, 1, 7},  /* TMB_S8 */
    {1, 0, 0, 8},  /* TMB_U8 */
    {2, 0, 1, 15}, /* TMB_S16 */
    {2, 0, 0, 16}, /* TMB_U16 */
    {4, 0, 1, 31}, /* TMB_S32 */
    {4, 0, 0, 32}, /* TMB_U32 */
    {8, 0, 1, 63}, /* TMB_S64 */
    {8, 0, 0, 64}, /* TMB_U64 */
    {1, 0, 0, 1},  /* TMB_BOOL */
    {8, 1, 1, 0},  /* TMB_F64 */
    {0, 0, 0, 0},  /* floats of 16 and 8 bits */
    {0, 0, 0, 0},
    {0, 0, 0, 0},
    {0, 0, 0, 0},
    {0, 0, 0, 0},
    {0, 0, 0, 0},
    {1, 0, 1, 3},  /* TMB_S4 */
    {1, 0, 0, 4},  /* TMB_U4 */
};

/* An integer as 64 bits: sign-extended if its type is signed. */
static uint64_t tmb_cast_load(const void *x, const tmb_cast_type *type, int32_t i) {
  uint64_t sign_bit;
  uint64_t bits;
  switch (type->bytes) {
  case 1:
    bits = ((const tmb_any8 *)x)[i];
    break;
  case 2:
    bits = ((const tmb_any16 *)x)[i];
    break;
  case 4:
    bits = ((const tmb_any32 *)x)[i];
    break;
  default:
    bits = ((const tmb_any64 *)x)[i];
    break;
  }
  if (type->value_bits == 1)
    return bits != 0;
  sign_bit = type->is_signed ? (uint64_t)1 << (8 * type->bytes - 1) : 0;
  return (bits ^ sign_bit) - sign_bit;
}

static void tmb_cast_store(uint64_t bits, void *y, const tmb_cast_type *type, int32_t i) {
  switch (type->bytes) {
  case 1:
    if (type->value_bits < 7 && type->value_bits != 1) { /* four bits, extended to the byte that holds them */
      const uint64_t sign_bit = type->is_signed ? 8 : 0;
      bits = ((bits & 15) ^ sign_bit) - sign_bit;
    }
    ((tmb_any8 *)y)[i] = (tmb_any8)bits;
    break;
  case 2:
    ((tmb_any16 *)y)[i] = (tmb_any16)bits;
    break;
  case 4:
    ((tmb_any32 *)y)[i] = (tmb_any32)bits;
    break;
  default:
    ((tmb_any64 *)y)[i] = bits;
    break;
  }
}

/* A float to an integer type: truncates toward zero and saturates; NaN gives 0. */
static uint64_t tmb_cast_truncate(double value, const tmb_cast_type *type) {
  const uint64_t half = (uint64_t)1 << (type->value_bits - 1);
  const uint64_t max = half - 1 + half;
  const double limit = (double)half * 2.0; /* max + 1: exact, where max may not be */
  if (value != value)
    return 0;
  if (value >= limit)
    return max;
  if (type->is_signed)
    return value <= -limit ? ~max : (uint64_t)(int64_t)value; /* ~max is -(max + 1) */
  return value <= 0.0 ? 0 : (uint64_t)value;
}

void tmb_cast(const void *x, void *y, const tmb_cast_params *p) {
  const tmb_cast_type *from = &tmb_cast_types[p->from];
  const tmb_cast_type *to = &tmb_cast_types[p->to];
  const int32_t count = p->count;
  int32_t i;
  for (i = 0; i < count; ++i) {
    if (from->is_float) {
      const double value = from->bytes == 4 ? (double)((const float *)x)[i] : ((const double *)x)[i];
      if (!to->is_float)
        tmb_cast_store(to->value_bits == 1 ? value != 0.0 : tmb_cast_truncate(value, to), y, to, i);
      else if (to->bytes == 4)
        ((float *)y)[i] = (float)value;
      else
        ((double *)y)[i] = value;
    } else {
      const uint64_t bits = tmb_cast_load(x, from, i);
      if (!to->is_float)
        tmb_cast_store(to->value_bits == 1 ? bits != 0 : bits, y, to, i);
      else if (to->bytes == 4)
        ((float *)y)[i] = from->is_signed ? (float)(int64_t)bits : (float)bits;
      else
        ((double *)y)[i] = from->is_signed ? (double)(int64_t)bits : (double)bits;
    }
  }
}
