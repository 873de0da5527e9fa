/* SPDX-License-Identifier: MIT */
/* Elementwise division that rounds toward zero, int64. */
#include "thimble/tmb_kernels.h"

static inline int64_t tmb_div_s64_one(int64_t a, int64_t b) {
  if (b == 0)
    return 0;
  if (b == -1) /* negation that wraps around: the smallest integer has no positive twin */
    return (int64_t)(0 - (uint64_t)a);
  return a / b;
}

#define TMB_KERNEL tmb_div_s64
#define TMB_INPUT int64_t
#define TMB_OUTPUT int64_t
#define TMB_EXPRESSION(a, b) tmb_div_s64_one(a, b)
#include "tmb_binary_loop.h"
