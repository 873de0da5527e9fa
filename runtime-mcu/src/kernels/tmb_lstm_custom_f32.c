/* SPDX-License-Identifier: MIT */
/* LSTM with any activation functions, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_recurrent_activation.h"

#define TMB_KERNEL tmb_lstm_custom_f32
#define TMB_F(x, p) tmb_recurrent_activation((x), (p)->f, (p)->f_alpha, (p)->f_beta)
#define TMB_G(x, p) tmb_recurrent_activation((x), (p)->g, (p)->g_alpha, (p)->g_beta)
#define TMB_H(x, p) tmb_recurrent_activation((x), (p)->h, (p)->h_alpha, (p)->h_beta)
#include "tmb_lstm_loop.h"
