/* SPDX-License-Identifier: MIT */
/* float32 to floats of 16 and 8 bits and back, with integer arithmetic only. */
#include "thimble/tmb_kernels.h"
#include "tmb_any.h"

/* Which codes are no numbers. */
enum { TMB_SPECIAL_IEEE, TMB_SPECIAL_ONE_NAN, TMB_SPECIAL_NAN_IS_MINUS_ZERO };

typedef struct tmb_small_float {
  uint8_t bytes, exponent_bits, mantissa_bits, special;
} tmb_small_float;

/* From TMB_F16 on. */
static const tmb_small_float tmb_small_floats[] = {
    {2, 5, 10, TMB_SPECIAL_IEEE},              /* TMB_F16 */
    {2, 8, 7, TMB_SPECIAL_IEEE},               /* TMB_BF16 */
    {1, 4, 3, TMB_SPECIAL_ONE_NAN},            /* TMB_F8E4M3FN */
    {1, 4, 3, TMB_SPECIAL_NAN_IS_MINUS_ZERO},  /* TMB_F8E4M3FNUZ */
    {1, 5, 2, TMB_SPECIAL_IEEE},               /* TMB_F8E5M2 */
    {1, 5, 2, TMB_SPECIAL_NAN_IS_MINUS_ZERO},  /* TMB_F8E5M2FNUZ */
};

static int32_t tmb_small_bias(const tmb_small_float *type) {
  return (1 << (type->exponent_bits - 1)) - 1 + (type->special == TMB_SPECIAL_NAN_IS_MINUS_ZERO);
}

/* The bits of a float32 with the value `code`. */
static uint32_t tmb_small_decode(uint32_t code, const tmb_small_float *type) {
  const int32_t bits = type->exponent_bits + type->mantissa_bits;
  const uint32_t sign = (code >> bits & 1u) << 31;
  const uint32_t magnitude = code & ((1u << bits) - 1u);
  const uint32_t infinity = ((1u << type->exponent_bits) - 1u) << type->mantissa_bits;
  int32_t exponent = (int32_t)(magnitude >> type->mantissa_bits);
  uint32_t mantissa = magnitude & ((1u << type->mantissa_bits) - 1u);
  if (type->special == TMB_SPECIAL_IEEE && magnitude >= infinity)
    return sign | (magnitude == infinity ? 0x7F800000u : 0x7FC00000u);
  if (type->special == TMB_SPECIAL_ONE_NAN && magnitude == (1u << bits) - 1u)
    return sign | 0x7FC00000u;
  if (type->special == TMB_SPECIAL_NAN_IS_MINUS_ZERO && sign != 0 && magnitude == 0)
    return 0x7FC00000u;
  if (magnitude == 0)
    return sign;
  if (type->exponent_bits == 8) /* bfloat16: the same exponents, subnormal ones included */
    return sign | magnitude << 16;
  if (exponent == 0) { /* subnormal here, normal in float32 */
    exponent = 1;
    while ((mantissa & (1u << type->mantissa_bits)) == 0) {
      mantissa <<= 1;
      --exponent;
    }
    mantissa &= (1u << type->mantissa_bits) - 1u;
  }
  return sign | (uint32_t)(exponent - tmb_small_bias(type) + 127) << 23 | mantissa << (23 - type->mantissa_bits);
}

/* value / 2^shift, rounded to nearest, halves to even. */
static uint32_t tmb_small_round(uint32_t value, int32_t shift) {
  uint32_t result, rest, half;
  if (shift <= 0)
    return value;
  if (shift > 25)
    return 0;
  result = value >> shift;
  rest = value & ((1u << shift) - 1u);
  half = 1u << (shift - 1);
  return result + (rest > half || (rest == half && (result & 1u) != 0));
}

/* The code of the number nearest to the float32 with these bits. */
static uint32_t tmb_small_encode(uint32_t value, const tmb_small_float *type) {
  const int32_t bits = type->exponent_bits + type->mantissa_bits;
  const uint32_t sign = value >> 31 << bits;
  const uint32_t magnitude = value & 0x7FFFFFFFu;
  const uint32_t infinity = ((1u << type->exponent_bits) - 1u) << type->mantissa_bits;
  const uint32_t all = (1u << bits) - 1u;
  const uint32_t nan = type->special == TMB_SPECIAL_NAN_IS_MINUS_ZERO ? 1u << bits
                       : type->special == TMB_SPECIAL_ONE_NAN         ? sign | all
                                                                      : sign | infinity | 1u << (type->mantissa_bits - 1);
  const int32_t least = 1 - tmb_small_bias(type); /* the exponent of subnormal numbers */
  const int32_t field = (int32_t)(magnitude >> 23);
  const int32_t exponent = (field > 0 ? field : 1) - 127;
  const int32_t used = exponent > least ? exponent : least;
  const uint32_t significand = (magnitude & 0x7FFFFFu) | (field > 0 ? 0x800000u : 0u);
  uint32_t code;
  if (magnitude > 0x7F800000u)
    return nan;
  /* A mantissa that rounds up to the next power of two carries into the exponent, as it should. */
  code = tmb_small_round(significand, 23 - type->mantissa_bits + used - exponent) + ((uint32_t)(used - least) << type->mantissa_bits);
  if (type->special == TMB_SPECIAL_IEEE)
    return sign | (code < infinity ? code : infinity);
  if (type->special == TMB_SPECIAL_ONE_NAN)
    return code < all ? sign | code : nan;
  if (code == 0)
    return 0;
  return code <= all ? sign | code : nan;
}

void tmb_cast_small_float(const void *x, void *y, const tmb_cast_params *p) {
  const int32_t decodes = p->to == TMB_F32;
  const tmb_small_float *type = &tmb_small_floats[(decodes ? p->from : p->to) - TMB_F16];
  const int32_t count = p->count;
  int32_t i;
  for (i = 0; i < count; ++i) {
    if (decodes)
      ((tmb_any32 *)y)[i] =
          tmb_small_decode(type->bytes == 2 ? ((const tmb_any16 *)x)[i] : ((const tmb_any8 *)x)[i], type);
    else if (type->bytes == 2)
      ((tmb_any16 *)y)[i] = (tmb_any16)tmb_small_encode(((const tmb_any32 *)x)[i], type);
    else
      ((tmb_any8 *)y)[i] = (tmb_any8)tmb_small_encode(((const tmb_any32 *)x)[i], type);
  }
}
