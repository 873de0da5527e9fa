/* SPDX-License-Identifier: MIT */
/* Elman network with tanh, float32. */
#include <math.h>

#include "thimble/tmb_kernels.h"

#define TMB_KERNEL tmb_rnn_f32
#define TMB_F(x, p) tanhf(x)
#include "tmb_rnn_loop.h"
