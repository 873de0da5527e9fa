/* SPDX-License-Identifier: MIT */
/* Rectifier, float32, with the vector instructions of Armv8.1-M. */
#include <arm_mve.h>

#include "thimble/tmb_kernels.h"

static inline float32x4_t tmb_mve_rectify(float32x4_t value) { /* NaN stays NaN */
  return vpselq_f32(vdupq_n_f32(0.0f), value, vcmpltq_n_f32(value, 0.0f));
}

void tmb_relu_f32(const float *x, float *y, const tmb_unary_params *p) {
  const mve_pred16_t some = vctp32q((uint32_t)p->count & 3u); /* of what is left behind the fours */
  float *const end = y + (p->count & ~3);
  for (; y != end; x += 4, y += 4)
    vstrwq_f32(y, tmb_mve_rectify(vldrwq_f32(x)));
  vstrwq_p_f32(y, tmb_mve_rectify(vldrwq_z_f32(x, some)), some);
}
