/* SPDX-License-Identifier: MIT */
/* Element type conversion between all types. */
#include "thimble/tmb_kernels.h"

/* An element on its way: floats as double, which holds every float32, and integers as 64 bits in two's complement. */
typedef struct tmb_cast_value {
  int is_float;
  int is_u64; /* bits are not sign-extended but a large unsigned number */
  double real;
  uint64_t bits;
} tmb_cast_value;

static tmb_cast_value tmb_cast_load(const void *x, int32_t type, int32_t i) {
  tmb_cast_value value = {0, 0, 0.0, 0};
  switch (type) {
  case TMB_F32:
    value.is_float = 1;
    value.real = (double)((const float *)x)[i];
    break;
  case TMB_F64:
    value.is_float = 1;
    value.real = ((const double *)x)[i];
    break;
  case TMB_S8:
    value.bits = (uint64_t)((const int8_t *)x)[i];
    break;
  case TMB_S16:
    value.bits = (uint64_t)((const int16_t *)x)[i];
    break;
  case TMB_S32:
    value.bits = (uint64_t)((const int32_t *)x)[i];
    break;
  case TMB_S64:
    value.bits = (uint64_t)((const int64_t *)x)[i];
    break;
  case TMB_U8:
    value.bits = ((const uint8_t *)x)[i];
    break;
  case TMB_U16:
    value.bits = ((const uint16_t *)x)[i];
    break;
  case TMB_U32:
    value.bits = ((const uint32_t *)x)[i];
    break;
  case TMB_U64:
    value.bits = ((const uint64_t *)x)[i];
    value.is_u64 = 1;
    break;
  case TMB_BOOL:
    value.bits = ((const uint8_t *)x)[i] != 0;
    break;
  default:
    break;
  }
  return value;
}

/* Truncates toward zero and saturates to an integer type; NaN gives 0. */
static uint64_t tmb_cast_saturate(double real, int is_signed, int32_t value_bits) {
  const uint64_t max = (((uint64_t)1 << (value_bits - 1)) - 1) * 2 + 1; /* value_bits ones */
  const double limit = (double)((uint64_t)1 << (value_bits - 1)) * 2.0; /* max + 1, which is exact */
  if (real != real)
    return 0;
  if (real >= limit)
    return max;
  if (is_signed)
    return real <= -limit ? ~max : (uint64_t)(int64_t)real; /* ~max is -(max + 1) */
  return real <= 0.0 ? 0 : (uint64_t)real;
}

static uint64_t tmb_cast_integer(tmb_cast_value value, int is_signed, int32_t value_bits) {
  return value.is_float ? tmb_cast_saturate(value.real, is_signed, value_bits) : value.bits;
}

static float tmb_cast_f32(tmb_cast_value value) {
  if (value.is_float)
    return (float)value.real;
  return value.is_u64 ? (float)value.bits : (float)(int64_t)value.bits;
}

static double tmb_cast_f64(tmb_cast_value value) {
  if (value.is_float)
    return value.real;
  return value.is_u64 ? (double)value.bits : (double)(int64_t)value.bits;
}

static void tmb_cast_store(tmb_cast_value value, void *y, int32_t type, int32_t i) {
  switch (type) {
  case TMB_F32:
    ((float *)y)[i] = tmb_cast_f32(value);
    break;
  case TMB_F64:
    ((double *)y)[i] = tmb_cast_f64(value);
    break;
  case TMB_S8:
    ((int8_t *)y)[i] = (int8_t)tmb_cast_integer(value, 1, 7);
    break;
  case TMB_S16:
    ((int16_t *)y)[i] = (int16_t)tmb_cast_integer(value, 1, 15);
    break;
  case TMB_S32:
    ((int32_t *)y)[i] = (int32_t)tmb_cast_integer(value, 1, 31);
    break;
  case TMB_S64:
    ((int64_t *)y)[i] = (int64_t)tmb_cast_integer(value, 1, 63);
    break;
  case TMB_U8:
    ((uint8_t *)y)[i] = (uint8_t)tmb_cast_integer(value, 0, 8);
    break;
  case TMB_U16:
    ((uint16_t *)y)[i] = (uint16_t)tmb_cast_integer(value, 0, 16);
    break;
  case TMB_U32:
    ((uint32_t *)y)[i] = (uint32_t)tmb_cast_integer(value, 0, 32);
    break;
  case TMB_U64:
    ((uint64_t *)y)[i] = tmb_cast_integer(value, 0, 64);
    break;
  case TMB_BOOL:
    ((uint8_t *)y)[i] = value.is_float ? value.real != 0.0 : value.bits != 0;
    break;
  default:
    break;
  }
}

void tmb_cast(const void *x, void *y, const tmb_cast_params *p) {
  const tmb_cast_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i)
    tmb_cast_store(tmb_cast_load(x, params.from, i), y, params.to, i);
}
