/* SPDX-License-Identifier: MIT */
/* 2-D average pooling, int8. */
#include "thimble/tmb_kernels.h"
#include "tmb_window.h"

#define TMB_ELEMENT int8_t
#define TMB_LOWEST INT8_MIN
#include "tmb_average_position.h"

#define TMB_KERNEL tmb_average_pool2d_s8
#include "tmb_average_pool_loop.h"
