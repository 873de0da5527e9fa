/* SPDX-License-Identifier: MIT */
/* Batched matrix product, int32, exact modulo 2^32. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_matmul_s32
#define TMB_ELEMENT int32_t
#define TMB_UNSIGNED uint32_t
#include "tmb_matmul_loop.h"
