/* SPDX-License-Identifier: MIT */
/* GRU with any activation functions, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_recurrent_activation.h"

#define TMB_KERNEL tmb_gru_custom_f32
#define TMB_F(x, p) tmb_recurrent_activation((x), (p)->f, (p)->f_alpha, (p)->f_beta)
#define TMB_G(x, p) tmb_recurrent_activation((x), (p)->g, (p)->g_alpha, (p)->g_beta)
#include "tmb_gru_loop.h"
