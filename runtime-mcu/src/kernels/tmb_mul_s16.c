/* SPDX-License-Identifier: MIT */
/* Elementwise multiplication with broadcasting, int16. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_walk.h"

void tmb_mul_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_mul_s8_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  const int32_t a_step = p->a_strides[outer], b_step = p->b_strides[outer];
  const int32_t multiplier = p->multiplier, shift = p->shift;
  const int32_t act_min = p->act_min, act_max = p->act_max;
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const int16_t *a_row = a + tmb_walk_offset(outer, index, p->a_strides);
    const int16_t *b_row = b + tmb_walk_offset(outer, index, p->b_strides);
    int32_t i;
    for (i = 0; i < count; ++i) {
      const int32_t product = a_row[i * a_step] * b_row[i * b_step];
      *y++ = (int16_t)tmb_clamp_s32(tmb_requantize(product, multiplier, shift, 0), act_min, act_max);
    }
  } while (tmb_walk_next(outer, p->dims, index));
}
