/* SPDX-License-Identifier: MIT */
/* Elementwise addition and subtraction with broadcasting, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_add_row_s8.h"

#define TMB_KERNEL tmb_add_s8
#define TMB_PARAMS tmb_add_s8_params
#define TMB_ELEMENT int8_t
#define TMB_ROW tmb_add_s8_row
#include "tmb_two_rows_loop.h"
