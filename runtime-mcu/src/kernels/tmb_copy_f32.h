/* SPDX-License-Identifier: MIT */
/* Copies and zeros of float32 numbers, several at a time: small C libraries go byte by byte. */
#ifndef TMB_COPY_F32_H
#define TMB_COPY_F32_H

#include <stdint.h>

typedef struct tmb_four_f32 {
  float value[4];
} tmb_four_f32;

/* Both return the end of what they wrote. */
static inline float *tmb_copy_f32(float *to, const float *from, int32_t count) {
  for (; count >= 4; count -= 4, to += 4, from += 4)
    *(tmb_four_f32 *)to = *(const tmb_four_f32 *)from;
  for (; count > 0; --count)
    *to++ = *from++;
  return to;
}

static inline float *tmb_zero_f32(float *to, int32_t count) {
  for (; count > 0; --count)
    *to++ = 0.0f;
  return to;
}

#endif
