/* SPDX-License-Identifier: MIT */
/* What int8 recurrent layers share: activation functions on 16-bit fixed point, and states. */
#ifndef TMB_RECURRENT_S8_H
#define TMB_RECURRENT_S8_H

#include "thimble/tmb_kernels.h"
#include "tmb_no_inline.h"
#include "tmb_recurrent_tanh.h"

#include "tmb_recurrent_sums_s8.h"

/* Dimensions are padded to whole blocks of four, with weights of 0. */
static inline int32_t tmb_recurrent_padded(int32_t size) { return (size + 3) & ~3; }

/* The input of one time step as 16-bit numbers, padded. */
static inline void tmb_recurrent_load(const int8_t *x, int16_t *to, const tmb_recurrent_s8_params *p) {
  const int32_t zero = p->in_zero_point;
  int32_t i;
  for (i = 0; i < p->input; ++i)
    to[i] = (int16_t)(x[i] - zero);
  for (; i < tmb_recurrent_padded(p->input); ++i)
    to[i] = 0;
}

/* The initial state number b, padded; 0 if there is none. */
static inline void tmb_recurrent_start(const void *from, int32_t b, int16_t *to, int32_t is_given, int32_t zero_point,
                                       int32_t multiplier, int32_t shift, const tmb_recurrent_s8_params *p) {
  const int8_t *codes = (const int8_t *)from + b * p->hidden;
  const int16_t *state = (const int16_t *)from + b * p->hidden;
  int32_t i;
  for (i = 0; i < tmb_recurrent_padded(p->hidden); ++i) {
    if (!is_given || i >= p->hidden)
      to[i] = 0;
    else if (p->wide_states)
      to[i] = state[i];
    else
      to[i] = (int16_t)tmb_clamp_s32(tmb_requantize(codes[i] - zero_point, multiplier, shift, 0), INT16_MIN, INT16_MAX);
  }
}

/* A state in units of 2^-15 as int8 numbers of scale 1/128. */
static inline void tmb_recurrent_store(const int16_t *h, int8_t *to, int32_t hidden) {
  const int16_t *end = h + hidden;
  while (h != end)
    *to++ = tmb_recurrent_narrow(*h++);
}

/* The last state of batch b, as it is or as the above. */
static inline void tmb_recurrent_store_last(const int16_t *h, void *to, int32_t b, const tmb_recurrent_s8_params *p) {
  int16_t *state = (int16_t *)to + b * p->hidden;
  int32_t i;
  if (!p->wide_states)
    tmb_recurrent_store(h, (int8_t *)to + b * p->hidden, p->hidden);
  for (i = 0; p->wide_states && i < p->hidden; ++i)
    state[i] = h[i];
}

#endif
