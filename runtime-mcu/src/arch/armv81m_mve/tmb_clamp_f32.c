/* SPDX-License-Identifier: MIT */
/* Clamping to an interval, float32, with the vector instructions of Armv8.1-M. */
#include <arm_mve.h>

#include "thimble/tmb_kernels.h"
#include "tmb_limit_f32.h"

void tmb_clamp_f32(const float *x, float *y, const tmb_unary_params *p) {
  const float32x4_t low = vdupq_n_f32(p->alpha), high = vdupq_n_f32(p->beta);
  const mve_pred16_t some = vctp32q((uint32_t)p->count & 3u); /* of what is left behind the fours */
  float *const end = y + (p->count & ~3);
  for (; y != end; x += 4, y += 4)
    vstrwq_f32(y, tmb_mve_limit_f32(vldrwq_f32(x), low, high));
  vstrwq_p_f32(y, tmb_mve_limit_f32(vldrwq_z_f32(x, some), low, high), some);
}
