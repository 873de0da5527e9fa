/* SPDX-License-Identifier: MIT */
/* Leaky rectifier with a tensor of slopes, int16. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

static void tmb_prelu_s16_row(const int16_t *x, int32_t x_step, const int16_t *slope, int32_t slope_step, int16_t *y, int32_t count,
                              const tmb_prelu_s16_params *p) {
  const int32_t positive = p->positive_multiplier, negative = p->negative_multiplier, positive_shift = p->positive_shift;
  const int32_t negative_shift = p->negative_shift, act_min = p->act_min, act_max = p->act_max;
  for (; count > 0; --count, x += x_step, slope += slope_step) {
    const int32_t value = *x;
    const int32_t code = value < 0 ? tmb_requantize(value * *slope, negative, negative_shift, 0)
                                   : tmb_requantize(value, positive, positive_shift, 0);
    *y++ = (int16_t)tmb_clamp_s32(code, act_min, act_max);
  }
}

#define TMB_KERNEL tmb_prelu_s16
#define TMB_PARAMS tmb_prelu_s16_params
#define TMB_ELEMENT int16_t
#define TMB_ROW tmb_prelu_s16_row
#include "tmb_two_rows_loop.h"
