/* SPDX-License-Identifier: MIT */
/* The scores of a query in float32 attention, with the vector instructions of Armv8.1-M. */
#ifndef TMB_ATTENTION_SCORES_F32_H
#define TMB_ATTENTION_SCORES_F32_H

#include <stddef.h>

#include "thimble/tmb_abi.h"
#include "tmb_rows_f32.h"

/* score[n] = (sum over i of q[i] * k[n * row + i]) * scale + mask[n]. */
static void tmb_attention_f32_scores(const float *q, const float *k, const float *mask, float *score,
                                     const tmb_attention_f32_params *p) {
  const int32_t keys = p->keys;
  const float scale = p->scale;
  int32_t n;
  tmb_rows4_f32(q, 0, 1, k, p->k_row_stride, p->depth, NULL, score, 0, keys);
  for (n = 0; n < keys; ++n)
    score[n] *= scale;
  if (mask != NULL)
    for (n = 0; n < keys; ++n)
      score[n] += mask[n];
}


#endif
