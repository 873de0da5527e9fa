/* SPDX-License-Identifier: MIT */
/* Scaled dot-product attention, int8, one row of scores at a time. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "tmb_finish_s8.h"
#include "tmb_no_inline.h"

/* The scores of one row, in int8: four keys together, of which those that are missing are the last one again. */
TMB_NO_INLINE static void tmb_attention_s8_scores(const int8_t *q, const int8_t *k, int16_t *score,
                                                  const tmb_attention_s8_params *p) {
  const tmb_output_s8 out = {p->score_shift, p->score_zero_point, INT8_MIN, INT8_MAX};
  const int32_t depth = p->depth, zero = p->q_zero_point, row = p->k_row_stride, multiplier = p->score_multiplier;
  int32_t start = 0, n, i;
  for (i = 0; i < depth; ++i)
    start -= q[i] - zero;
  start *= p->k_zero_point;
  for (n = 0; n < p->keys; n += 4, k += 4 * row) {
    const int32_t rest = p->keys - 1 - n;
    const int8_t *k1 = rest > 0 ? k + row : k, *k2 = rest > 1 ? k1 + row : k1, *k3 = rest > 2 ? k2 + row : k2;
    int32_t acc0 = start, acc1 = start, acc2 = start, acc3 = start;
    for (i = 0; i < depth; ++i) {
      const int32_t value = q[i] - zero;
      acc0 += value * k[i];
      acc1 += value * k1[i];
      acc2 += value * k2[i];
      acc3 += value * k3[i];
    }
    score[n] = tmb_finish_s8(acc0, multiplier, &out);
    if (rest > 0)
      score[n + 1] = tmb_finish_s8(acc1, multiplier, &out);
    if (rest > 1)
      score[n + 2] = tmb_finish_s8(acc2, multiplier, &out);
    if (rest > 2)
      score[n + 3] = tmb_finish_s8(acc3, multiplier, &out);
  }
}

/* What lies between scores and softmax. */
static void tmb_attention_s8_adjust(int16_t *score, const int8_t *table, const int8_t *mask, const tmb_attention_s8_params *p) {
  int32_t n;
  for (n = 0; n < p->keys; ++n) {
    int32_t value = score[n];
    if (p->has_table)
      value = table[value + 128];
    if (mask != NULL)
      value = tmb_clamp_s32((value * p->mask_score_multiplier + mask[n] * p->mask_multiplier + p->mask_sum_offset) >> p->mask_shift,
                            INT8_MIN, INT8_MAX);
    score[n] = (int16_t)value;
  }
}

/* Scores become weights, 0 to 255; see tmb_softmax_s8. Returns their sum. */
static int32_t tmb_attention_s8_normalize(int16_t *score, const uint32_t *exponentials, int32_t keys) {
  int32_t max = -128, total = 0, n;
  uint32_t sum = 0, half, reciprocal;
  for (n = 0; n < keys; ++n)
    max = score[n] > max ? score[n] : max;
  for (n = 0; n < keys; ++n)
    sum += exponentials[max - score[n]];
  reciprocal = UINT32_MAX / sum;
  half = sum >> 1;
  for (n = 0; n < keys; ++n) {
    const uint32_t scaled = (exponentials[max - score[n]] << 8) + half;
    uint32_t quotient = (uint32_t)((uint64_t)scaled * reciprocal >> 32);
    if (scaled - quotient * sum >= sum)
      ++quotient;
    score[n] = (int16_t)(quotient > 255 ? 255 : quotient);
    total += score[n];
  }
  return total;
}

TMB_NO_INLINE static void tmb_attention_s8_values(const int16_t *weight, int32_t total, const int8_t *v, int8_t *y,
                                                  const tmb_attention_s8_params *p) {
  const tmb_output_s8 out = {p->out_shift, p->out_zero_point, INT8_MIN, INT8_MAX};
  const int32_t start = -p->v_zero_point * total, keys = p->keys, row = p->v_row_stride;
  int32_t n, i;
  for (i = 0; i + 4 <= p->value_depth; i += 4) {
    const int8_t *from = v + i;
    int32_t acc0 = start, acc1 = start, acc2 = start, acc3 = start;
    for (n = 0; n < keys; ++n, from += row) {
      const int32_t w = weight[n];
      acc0 += w * from[0];
      acc1 += w * from[1];
      acc2 += w * from[2];
      acc3 += w * from[3];
    }
    y[i] = tmb_finish_s8(acc0, p->out_multiplier, &out), y[i + 1] = tmb_finish_s8(acc1, p->out_multiplier, &out);
    y[i + 2] = tmb_finish_s8(acc2, p->out_multiplier, &out), y[i + 3] = tmb_finish_s8(acc3, p->out_multiplier, &out);
  }
  for (; i < p->value_depth; ++i) {
    const int8_t *from = v + i;
    int32_t acc = start;
    for (n = 0; n < keys; ++n, from += row)
      acc += weight[n] * *from;
    y[i] = tmb_finish_s8(acc, p->out_multiplier, &out);
  }
}

void tmb_attention_s8(const int8_t *q, const int8_t *k, const int8_t *v, const int8_t *table, const int8_t *mask,
                      const uint32_t *exponentials, int8_t *y, void *scratch, const tmb_attention_s8_params *p) {
  int16_t *const score = (int16_t *)scratch;
  int32_t r, h;
  for (r = 0; r < p->queries; ++r)
    for (h = 0; h < p->heads; ++h, y += p->value_depth) {
      const int32_t kv = h / p->shared;
      const int8_t *line = p->has_mask ? mask + h * p->mask_head_stride + r * p->mask_row_stride : NULL;
      int32_t total;
      tmb_attention_s8_scores(q + p->q_offset + h * p->q_head_stride + r * p->q_row_stride, k + p->k_offset + kv * p->k_head_stride,
                              score, p);
      tmb_attention_s8_adjust(score, table, line, p);
      total = tmb_attention_s8_normalize(score, exponentials, p->keys);
      tmb_attention_s8_values(score, total, v + p->v_offset + kv * p->v_head_stride, y, p);
    }
}
