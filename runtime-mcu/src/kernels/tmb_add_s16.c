/* SPDX-License-Identifier: MIT */
/* Elementwise addition and subtraction with broadcasting, int16. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"

static void tmb_add_s16_row(const int16_t *a, int32_t a_step, const int16_t *b, int32_t b_step, int16_t *y, int32_t count,
                            const tmb_add_s16_params *p) {
  const int32_t a_multiplier = p->a_multiplier, b_multiplier = p->b_multiplier, act_min = p->act_min, act_max = p->act_max;
  for (; count > 0; --count, a += a_step, b += b_step) {
    /* The upper word of the sum: one 32-bit by 32-bit product and one accumulation. */
    const int64_t sum = (int64_t)(*a * 65536) * a_multiplier + (int64_t)(*b * 65536) * b_multiplier;
    *y++ = (int16_t)tmb_clamp_s32((int32_t)((sum + ((int64_t)1 << 31)) >> 32), act_min, act_max);
  }
}

#define TMB_KERNEL tmb_add_s16
#define TMB_PARAMS tmb_add_s16_params
#define TMB_ELEMENT int16_t
#define TMB_ROW tmb_add_s16_row
#include "tmb_two_rows_loop.h"
