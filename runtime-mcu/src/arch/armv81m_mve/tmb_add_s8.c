/* SPDX-License-Identifier: MIT */
/* Elementwise addition and subtraction with broadcasting, int8, with the vector instructions of Armv8.1-M. */
#include <arm_mve.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_walk.h"

static inline int32x4_t tmb_mve_add4(int32x4_t a, int32x4_t b, const tmb_add_s8_params *p) {
  int32x4_t sum = vmlaq_n_s32(vmlaq_n_s32(vdupq_n_s32(p->offset), a, p->a_multiplier), b, p->b_multiplier);
  sum = vshlq_r_s32(sum, -p->shift);
  return vmaxq_s32(vminq_s32(sum, vdupq_n_s32(p->act_max)), vdupq_n_s32(p->act_min));
}

/* `count` sums of elements that lie side by side. */
static void tmb_mve_add_row(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const tmb_add_s8_params *from) {
  const tmb_add_s8_params p = *from; /* a copy, which stores to y cannot alias */
  int32_t fours;
  for (fours = count / 4; fours > 0; --fours, a += 4, b += 4, y += 4)
    vstrbq_s32(y, tmb_mve_add4(vldrbq_s32(a), vldrbq_s32(b), &p));
  if (count % 4 != 0) {
    const mve_pred16_t lanes = vctp32q((uint32_t)count % 4u);
    vstrbq_p_s32(y, tmb_mve_add4(vldrbq_z_s32(a, lanes), vldrbq_z_s32(b, lanes), &p), lanes);
  }
}

void tmb_add_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_add_s8_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  const int32_t a_step = p->a_strides[outer], b_step = p->b_strides[outer];
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const int8_t *a_row = a + tmb_walk_offset(outer, index, p->a_strides);
    const int8_t *b_row = b + tmb_walk_offset(outer, index, p->b_strides);
    int32_t i;
    if (a_step == 1 && b_step == 1) {
      tmb_mve_add_row(a_row, b_row, y, count, p);
      y += count;
      continue;
    }
    for (i = 0; i < count; ++i) {
      const int32_t sum = a_row[i * a_step] * p->a_multiplier + b_row[i * b_step] * p->b_multiplier + p->offset;
      *y++ = (int8_t)tmb_clamp_s32(sum >> p->shift, p->act_min, p->act_max);
    }
  } while (tmb_walk_next(outer, p->dims, index));
}
