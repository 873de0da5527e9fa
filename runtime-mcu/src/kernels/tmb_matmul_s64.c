/* SPDX-License-Identifier: MIT */
/* Batched matrix product, int64, exact modulo 2^64. */
#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_matmul_s64
#define TMB_ELEMENT int64_t
#define TMB_UNSIGNED uint64_t
#include "tmb_matmul_loop.h"
