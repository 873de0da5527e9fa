/* SPDX-License-Identifier: MIT */
/* Elementwise multiplication with broadcasting, int16. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

static void tmb_mul_s16_row(const int16_t *a, int32_t a_step, const int16_t *b, int32_t b_step, int16_t *y, int32_t count,
                            const tmb_mul_s8_params *p) {
  const int32_t multiplier = p->multiplier, shift = p->shift, act_min = p->act_min, act_max = p->act_max;
  for (; count > 0; --count, a += a_step, b += b_step)
    *y++ = (int16_t)tmb_clamp_s32(tmb_requantize(*a * *b, multiplier, shift, 0), act_min, act_max);
}

#define TMB_KERNEL tmb_mul_s16
#define TMB_PARAMS tmb_mul_s8_params
#define TMB_ELEMENT int16_t
#define TMB_ROW tmb_mul_s16_row
#include "tmb_two_rows_loop.h"
