/* SPDX-License-Identifier: MIT */
/* Elementwise remainder with the sign of the divisor, int64. */
#include "thimble/tmb_kernels.h"

static inline int64_t tmb_mod_s64_one(int64_t a, int64_t b) {
  int64_t remainder;
  if (b == 0 || b == -1) /* -1 would overflow for the smallest integer */
    return 0;
  remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

#define TMB_KERNEL tmb_mod_s64
#define TMB_INPUT int64_t
#define TMB_OUTPUT int64_t
#define TMB_EXPRESSION(a, b) tmb_mod_s64_one(a, b)
#include "tmb_binary_loop.h"
