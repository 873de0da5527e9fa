/* SPDX-License-Identifier: MIT */
/* Elementwise division that rounds toward zero, int32. */
#include "thimble/tmb_kernels.h"

static inline int32_t tmb_div_s32_one(int32_t a, int32_t b) {
  if (b == 0)
    return 0;
  if (b == -1) /* negation that wraps around: the smallest integer has no positive twin */
    return (int32_t)(0 - (uint32_t)a);
  return a / b;
}

#define TMB_KERNEL tmb_div_s32
#define TMB_INPUT int32_t
#define TMB_OUTPUT int32_t
#define TMB_EXPRESSION(a, b) tmb_div_s32_one(a, b)
#include "tmb_binary_loop.h"
