/* SPDX-License-Identifier: MIT */
/* Elementwise logical or, uint8. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_or_u8
#define TMB_INPUT uint8_t
#define TMB_OUTPUT uint8_t
#define TMB_EXPRESSION(a, b) ((a) != 0 || (b) != 0)
#include "tmb_binary_loop.h"
