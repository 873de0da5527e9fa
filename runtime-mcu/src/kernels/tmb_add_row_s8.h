/* SPDX-License-Identifier: MIT */
/* Sums of neighbouring results of int8 addition. */
#ifndef TMB_ADD_ROW_S8_H
#define TMB_ADD_ROW_S8_H

#include "thimble/tmb_abi.h"
#include "thimble/tmb_requant.h"

static inline void tmb_add_s8_row(const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int8_t *y, int32_t count,
                                  const tmb_add_s8_params *p) {
  const int32_t a_multiplier = p->a_multiplier, b_multiplier = p->b_multiplier, offset = p->offset, shift = p->shift;
  const int32_t act_min = p->act_min, act_max = p->act_max;
  for (; count > 0; --count, a += a_step, b += b_step)
    *y++ = (int8_t)tmb_clamp_s32((*a * a_multiplier + *b * b_multiplier + offset) >> shift, act_min, act_max);
}

#endif
