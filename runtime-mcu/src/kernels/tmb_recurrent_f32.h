/* SPDX-License-Identifier: MIT */
/* What the recurrent float32 kernels share: the inner products of gates, lengths of sequences, states. */
#ifndef TMB_RECURRENT_F32_H
#define TMB_RECURRENT_F32_H

#include <string.h>

#include "thimble/tmb_abi.h"
#include "tmb_limit_f32.h"
#include "tmb_rows_f32.h"

/* y[j] = bias[j] + sum x[k] * w[j][k], and if `add` is not 0, y[j] in the place of bias[j]. */
static inline void tmb_recurrent_rows(const float *x, const float *w, const float *bias, float *y, int32_t depth, int32_t count,
                                      int32_t add) {
  int32_t n, k;
  for (n = 0; n + 4 <= count; n += 4)
    tmb_block1_f32(x, w + n * depth, depth, depth, add ? y + n : bias + n, y + n);
  for (; n < count; ++n) {
    float sum = add ? y[n] : bias[n];
    for (k = 0; k < depth; ++k)
      sum = tmb_multiply_add_f32(sum, x[k], w[n * depth + k]);
    y[n] = sum;
  }
}

/* Time steps of sequence n. */
static inline int32_t tmb_recurrent_length(const int32_t *lengths, int32_t n, const tmb_recurrent_params *p) {
  const int32_t length = p->has_lengths ? lengths[n] : p->time;
  if (length < 0)
    return 0;
  return length < p->time ? length : p->time;
}

/* The state before the first step; initial may be the state itself. */
static inline void tmb_recurrent_start(const float *initial, int32_t has_initial, float *state, int32_t count) {
  if (!has_initial)
    memset(state, 0, (size_t)count * sizeof(float));
  else if (initial != state)
    memcpy(state, initial, (size_t)count * sizeof(float));
}

/* Writes row n of time step t of y, unless only the final state is wanted. */
static inline void tmb_recurrent_store(const float *h, float *y, int32_t t, int32_t n, const tmb_recurrent_params *p) {
  if (p->last_only)
    return;
  memcpy(y + (t * p->batch + n) * p->hidden, h, (size_t)p->hidden * sizeof(float));
}

/* Zeros behind the end of sequence n. */
static inline void tmb_recurrent_clear(float *y, int32_t length, int32_t n, const tmb_recurrent_params *p) {
  int32_t t;
  for (t = length; t < p->time && !p->last_only; ++t)
    memset(y + (t * p->batch + n) * p->hidden, 0, (size_t)p->hidden * sizeof(float));
}

static inline float tmb_recurrent_clip(float value, const tmb_recurrent_params *p) {
  return tmb_limit_f32(value, -p->clip, p->clip);
}

#endif
