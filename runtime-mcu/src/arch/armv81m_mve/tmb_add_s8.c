/* SPDX-License-Identifier: MIT */
/* Elementwise addition and subtraction with broadcasting, int8, with the vector instructions of Armv8.1-M. */
#include <arm_mve.h>

#include "thimble/tmb_kernels.h"
#include "tmb_add_row_s8.h"

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

static void tmb_mve_add_any(const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int8_t *y, int32_t count,
                            const tmb_add_s8_params *p) {
  if (a_step == 1 && b_step == 1)
    tmb_mve_add_row(a, b, y, count, p);
  else
    tmb_add_s8_row(a, a_step, b, b_step, y, count, p);
}

#define TMB_KERNEL tmb_add_s8
#define TMB_PARAMS tmb_add_s8_params
#define TMB_ELEMENT int8_t
#define TMB_ROW tmb_mve_add_any
#include "tmb_two_rows_loop.h"
