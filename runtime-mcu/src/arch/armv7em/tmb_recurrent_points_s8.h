/* SPDX-License-Identifier: MIT */
/* What int8 recurrent layers with DSP instructions and those with vectors have in common. */
#ifndef TMB_RECURRENT_POINTS_S8_H
#define TMB_RECURRENT_POINTS_S8_H

#include "tmb_dsp.h"

/* What rows of weights multiply: the input and the state of a time step, as 16-bit numbers in whole blocks of four. */
typedef struct tmb_recurrent_vectors {
  const int16_t *x, *x_end;
  const int16_t *h, *h_end;
} tmb_recurrent_vectors;

/* What gates leave: the sigmoid, which is (tanh of the half + 1) / 2, and tanh, in units of 2^-15. */
static inline int32_t tmb_recurrent_sigmoid(int32_t point) { return point >> 9; }
static inline int32_t tmb_recurrent_squashed(int32_t point) { return (point >> 8) - 32768; }

/* A state in units of 2^-15 as an int8 number of scale 1/128. */
#if defined(__ARM_FEATURE_DSP)
static inline int8_t tmb_recurrent_narrow(int32_t h) {
  int32_t result;
  __asm__("ssat %0, #8, %1, asr #8" : "=r"(result) : "r"(h + 128) : "cc");
  return (int8_t)result;
}
#else
static inline int8_t tmb_recurrent_narrow(int32_t h) { return (int8_t)tmb_ssat8((h + 128) >> 8); }
#endif

/* bias + requantized sum, which is below 2^31. */
static inline int32_t tmb_recurrent_scale(int32_t sum, int32_t multiplier, int32_t bias) {
  return tmb_smmlar(sum, multiplier, bias);
}

#endif
