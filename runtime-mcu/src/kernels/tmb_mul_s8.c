/* SPDX-License-Identifier: MIT */
/* Elementwise multiplication with broadcasting, int8. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

static void tmb_mul_s8_row(const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int8_t *y, int32_t count,
                           const tmb_mul_s8_params *p) {
  const int32_t a_zero = p->a_zero_point, b_zero = p->b_zero_point, y_zero = p->out_zero_point;
  const int32_t multiplier = p->multiplier, shift = p->shift, act_min = p->act_min, act_max = p->act_max;
  for (; count > 0; --count, a += a_step, b += b_step)
    *y++ = (int8_t)tmb_clamp_s32(tmb_requantize((*a - a_zero) * (*b - b_zero), multiplier, shift, y_zero), act_min, act_max);
}

#define TMB_KERNEL tmb_mul_s8
#define TMB_PARAMS tmb_mul_s8_params
#define TMB_ELEMENT int8_t
#define TMB_ROW tmb_mul_s8_row
#include "tmb_two_rows_loop.h"
