/* SPDX-License-Identifier: MIT */
/* The body of elementwise float32 kernels of two tensors, with the vector instructions of Armv8.1-M. Before including it (once for
 * each kernel; it has no guard) define
 *   TMB_KERNEL            the function's name
 *   TMB_EXPRESSION(a, b)  the result for one pair of elements
 *   TMB_VECTOR(a, b)      the same for four */
#include <arm_mve.h>

#include "thimble/tmb_kernels.h"

/* `count` results of operands that lie a_step and b_step apart; of a step of 0, the operand repeats. */
static void tmb_mve_row(const float *a, int32_t a_step, const float *b, int32_t b_step, float *y, int32_t count,
                        const tmb_binary_params *p) {
  const float32x4_t a_all = vdupq_n_f32(*a), b_all = vdupq_n_f32(*b);
  const mve_pred16_t some = vctp32q((uint32_t)count & 3u); /* of what is left behind the fours */
  const int32_t fours = count & ~3;
  float *const end = y + fours;
  (void)p;
  if (a_step == 1 && b_step == 1) {
    for (; y != end; a += 4, b += 4, y += 4)
      vstrwq_f32(y, TMB_VECTOR(vldrwq_f32(a), vldrwq_f32(b)));
    vstrwq_p_f32(y, TMB_VECTOR(vldrwq_z_f32(a, some), vldrwq_z_f32(b, some)), some);
  } else if (a_step == 1 && b_step == 0) {
    for (; y != end; a += 4, y += 4)
      vstrwq_f32(y, TMB_VECTOR(vldrwq_f32(a), b_all));
    vstrwq_p_f32(y, TMB_VECTOR(vldrwq_z_f32(a, some), b_all), some);
  } else if (a_step == 0 && b_step == 1) {
    for (; y != end; b += 4, y += 4)
      vstrwq_f32(y, TMB_VECTOR(a_all, vldrwq_f32(b)));
    vstrwq_p_f32(y, TMB_VECTOR(a_all, vldrwq_z_f32(b, some)), some);
  } else {
    for (; count > 0; --count, a += a_step, b += b_step)
      *y++ = TMB_EXPRESSION(*a, *b);
  }
}

#define TMB_PARAMS tmb_binary_params
#define TMB_ELEMENT float
#define TMB_ROW tmb_mve_row
#include "tmb_two_rows_loop.h"

#undef TMB_EXPRESSION
#undef TMB_VECTOR
