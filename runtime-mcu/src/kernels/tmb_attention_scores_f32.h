/* SPDX-License-Identifier: MIT */
/* The scores of a query in float32 attention. */
#ifndef TMB_ATTENTION_SCORES_F32_H
#define TMB_ATTENTION_SCORES_F32_H

#include <stddef.h>

#include "thimble/tmb_abi.h"
#include "tmb_multiply_add_f32.h"
#include "tmb_no_inline.h"

/* score[n] = (sum over i of q[i] * k[n * row + i]) * scale + mask[n], four keys together. */
TMB_NO_INLINE static void tmb_attention_f32_scores(const float *q, const float *k, const float *mask, float *score,
                                                   const tmb_attention_f32_params *p) {
  const int32_t row = p->k_row_stride, depth = p->depth, keys = p->keys;
  const float scale = p->scale;
  int32_t n, i;
  for (n = 0; n < keys; n += 4) {
    /* Keys that are missing are computed as the last one again. */
    const int32_t rest = keys - 1 - n;
    const float *k0 = k + n * row, *k1 = rest > 0 ? k0 + row : k0, *k2 = rest > 1 ? k1 + row : k1, *k3 = rest > 2 ? k2 + row : k2;
    float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
    for (i = 0; i < depth; ++i) {
      const float x = q[i];
      s0 = tmb_multiply_add_f32(s0, x, k0[i]);
      s1 = tmb_multiply_add_f32(s1, x, k1[i]);
      s2 = tmb_multiply_add_f32(s2, x, k2[i]);
      s3 = tmb_multiply_add_f32(s3, x, k3[i]);
    }
    score[n] = s0 * scale;
    if (rest > 0)
      score[n + 1] = s1 * scale;
    if (rest > 1)
      score[n + 2] = s2 * scale;
    if (rest > 2)
      score[n + 3] = s3 * scale;
  }
  if (mask != NULL)
    for (n = 0; n < keys; ++n)
      score[n] += mask[n];
}


#endif
