/* SPDX-License-Identifier: MIT */
/* Elementwise powers, int64. */
#include "thimble/tmb_kernels.h"

/* Square and multiply, modulo 2^64. */
static int64_t tmb_pow_s64_one(int64_t base, int64_t exponent) {
  uint64_t factor = (uint64_t)base, result = 1;
  if (exponent < 0) { /* 1 / base^-exponent, rounded toward zero */
    if (base == 1)
      return 1;
    if (base == -1)
      return exponent % 2 != 0 ? -1 : 1;
    return 0;
  }
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0)
      result *= factor;
    factor *= factor;
  }
  return (int64_t)result;
}

#define TMB_KERNEL tmb_pow_s64
#define TMB_INPUT int64_t
#define TMB_OUTPUT int64_t
#define TMB_EXPRESSION(a, b) tmb_pow_s64_one(a, b)
#include "tmb_binary_loop.h"
