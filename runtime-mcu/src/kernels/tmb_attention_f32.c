/* SPDX-License-Identifier: MIT */
/* Scaled dot-product attention, float32, one row of scores at a time. */
#include <math.h>
#include <stddef.h>

#include "thimble/tmb_kernels.h"
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

/* Softmax of a row, as tmb_softmax_f32. */
static void tmb_attention_f32_normalize(float *score, int32_t keys) {
  float max = score[0], sum = 0.0f, inverse;
  int32_t n;
  for (n = 1; n < keys; ++n)
    max = score[n] > max ? score[n] : max;
  for (n = 0; n < keys; ++n) {
    const float e = expf(score[n] - max);
    score[n] = e;
    sum += e;
  }
  inverse = 1.0f / sum;
  for (n = 0; n < keys; ++n)
    score[n] *= inverse;
}

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
      tmb_attention_f32_normalize(score, p->keys);
      tmb_attention_f32_values(score, v + p->v_offset + kv * p->v_head_stride, y, p);
    }
}
