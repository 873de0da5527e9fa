/* SPDX-License-Identifier: MIT */
/* Elementwise division with broadcasting, int8. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_walk.h"

void tmb_div_s8(const int8_t *a, const int8_t *b, const int32_t *table, int8_t *y, const tmb_div_s8_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  const int32_t a_step = p->a_strides[outer], b_step = p->b_strides[outer];
  const int32_t a_zero = p->a_zero_point, offset = p->out_zero_point * 32768 + 16384;
  const int32_t act_min = p->act_min, act_max = p->act_max;
  const int32_t *reciprocal = table + 128;
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const int8_t *a_row = a + tmb_walk_offset(outer, index, p->a_strides);
    const int8_t *b_row = b + tmb_walk_offset(outer, index, p->b_strides);
    int32_t i;
    for (i = 0; i < count; ++i) {
      const int32_t quotient = (a_row[i * a_step] - a_zero) * reciprocal[b_row[i * b_step]];
      *y++ = (int8_t)tmb_clamp_s32((quotient + offset) >> 15, act_min, act_max);
    }
  } while (tmb_walk_next(outer, p->dims, index));
}
