/* SPDX-License-Identifier: MIT */
/* Elman network with any activation function, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_recurrent_activation.h"

#define TMB_KERNEL tmb_rnn_custom_f32
#define TMB_F(x, p) tmb_recurrent_activation((x), (p)->f, (p)->f_alpha, (p)->f_beta)
#include "tmb_rnn_loop.h"
