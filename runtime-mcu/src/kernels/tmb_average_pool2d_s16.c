/* SPDX-License-Identifier: MIT */
/* 2-D average pooling, int16. */
#include "thimble/tmb_kernels.h"
#include "tmb_window.h"

#define TMB_ELEMENT int16_t
#define TMB_LOWEST INT16_MIN
#include "tmb_average_position.h"

#define TMB_KERNEL tmb_average_pool2d_s16
#include "tmb_average_pool_loop.h"
