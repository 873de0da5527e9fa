/* SPDX-License-Identifier: MIT */
/* Elementwise logical not, uint8. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_not_u8
#define TMB_ELEMENT uint8_t
#define TMB_EXPRESSION(x, alpha, beta) ((x) == 0)
#include "tmb_unary_loop.h"
