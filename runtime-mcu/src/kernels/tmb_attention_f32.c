/* SPDX-License-Identifier: MIT */
/* Scaled dot-product attention, float32, one row of scores at a time. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "tmb_attention_scores_f32.h"
#include "tmb_multiply_add_f32.h"
#include "tmb_no_inline.h"
#include "tmb_softmax_row_f32.h"

/* y[i] = sum over n of weight[n] * v[n * row + i], four elements together. */
TMB_NO_INLINE static void tmb_attention_f32_values(const float *weight, const float *v, float *y,
                                                   const tmb_attention_f32_params *p) {
  const int32_t row = p->v_row_stride, depth = p->value_depth, keys = p->keys;
  int32_t n, i;
  for (i = 0; i + 4 <= depth; i += 4) {
    const float *from = v + i;
    float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
    for (n = 0; n < keys; ++n, from += row) {
      const float w = weight[n];
      s0 = tmb_multiply_add_f32(s0, w, from[0]);
      s1 = tmb_multiply_add_f32(s1, w, from[1]);
      s2 = tmb_multiply_add_f32(s2, w, from[2]);
      s3 = tmb_multiply_add_f32(s3, w, from[3]);
    }
    y[i] = s0, y[i + 1] = s1, y[i + 2] = s2, y[i + 3] = s3;
  }
  for (; i < depth; ++i) {
    float sum = 0.0f;
    for (n = 0; n < keys; ++n)
      sum = tmb_multiply_add_f32(sum, weight[n], v[n * row + i]);
    y[i] = sum;
  }
}

void tmb_attention_f32(const float *q, const float *k, const float *v, const float *mask, float *y, void *scratch,
                       const tmb_attention_f32_params *p) {
  float *const score = (float *)scratch;
  int32_t r, h;
  for (r = 0; r < p->queries; ++r)
    for (h = 0; h < p->heads; ++h, y += p->value_depth) {
      const int32_t kv = h / p->shared;
      const float *line = p->has_mask ? mask + h * p->mask_head_stride + r * p->mask_row_stride : NULL;
      const float *query = q + p->q_offset + h * p->q_head_stride + r * p->q_row_stride;
      tmb_attention_f32_scores(query, k + p->k_offset + kv * p->k_head_stride, line, score, p);
      tmb_softmax_f32_row(score, score, p->keys, 1);
      tmb_attention_f32_values(score, v + p->v_offset + kv * p->v_head_stride, y, p);
    }
}
