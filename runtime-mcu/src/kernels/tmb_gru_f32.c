/* SPDX-License-Identifier: MIT */
/* GRU with its usual functions, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_gru_f32
#define TMB_F(x, p) (1.0f / (1.0f + expf(-(x))))
#define TMB_G(x, p) tanhf(x)
#include "tmb_gru_loop.h"
