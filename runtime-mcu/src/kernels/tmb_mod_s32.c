/* SPDX-License-Identifier: MIT */
/* Elementwise remainder with the sign of the divisor, int32. */
#include "thimble/tmb_kernels.h"

static inline int32_t tmb_mod_s32_one(int32_t a, int32_t b) {
  int32_t remainder;
  if (b == 0 || b == -1) /* -1 would overflow for the smallest integer */
    return 0;
  remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

#define TMB_KERNEL tmb_mod_s32
#define TMB_INPUT int32_t
#define TMB_OUTPUT int32_t
#define TMB_EXPRESSION(a, b) tmb_mod_s32_one(a, b)
#include "tmb_binary_loop.h"
