/* SPDX-License-Identifier: MIT */
/* Scaled dot-product attention, int8, with the vector instructions of Armv8.1-M. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_mve_finish.h"

/* Up to four rows of queries together, so that keys and values are loaded once for all of them; rows that are missing are the last
 * one again. Scratch has their scores, which become weights, in 16 bits: row after row of `pitch` of them. */

#define TMB_ROWS TMB_ATTENTION_S8_ROWS
#define TMB_NO_INLINE __attribute__((__noinline__))

/* What the rows of a block have in common. */
typedef struct tmb_mve_attention {
  const int8_t *q[TMB_ROWS];
  int16_t *score;
  int32_t pitch;
  int32_t starts[TMB_ROWS]; /* what zero points add to each product: of the keys, then of the values */
} tmb_mve_attention;

/* Where the results of the rows are, from that of the first one on. */
static inline uint32x4_t tmb_mve_attention_rows(int32_t distance) { return vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)distance); }

static inline int32x4_t tmb_mve_attention_four(int32_t a, int32_t b, int32_t c, int32_t d) {
  int32x4_t four = vdupq_n_s32(a);
  four = vsetq_lane_s32(b, four, 1);
  four = vsetq_lane_s32(c, four, 2);
  return vsetq_lane_s32(d, four, 3);
}

/* The scores of all keys in int8, 16 elements of a query and a key at a time. */
TMB_NO_INLINE static void tmb_mve_attention_scores(const tmb_mve_attention *job, const int8_t *k, const tmb_attention_s8_params *p) {
  const tmb_output_s8 out = {p->score_shift, p->score_zero_point, INT8_MIN, INT8_MAX};
  const int32_t depth = p->depth, step = p->k_row_stride, zero = -p->q_zero_point;
  const int32x4_t multiplier = vdupq_n_s32(p->score_multiplier), start = vldrwq_s32(job->starts);
  const uint32x4_t rows = tmb_mve_attention_rows(job->pitch);
  const int8_t *const q0 = job->q[0], *const q1 = job->q[1], *const q2 = job->q[2], *const q3 = job->q[3];
  int16_t *score = job->score;
  int32_t n, i;
  for (n = p->keys; n > 0; --n, k += step) {
    int32_t a = 0, b = 0, c = 0, d = 0, sum = 0;
    int32x4_t acc;
    for (i = 0; i < depth; i += 16) {
      const mve_pred16_t some = vctp8q((uint32_t)(depth - i));
      const int8x16_t key = vldrbq_z_s8(k + i, some);
      sum = vaddvaq_s8(sum, key);
      a = vmladavaq_s8(a, key, vldrbq_z_s8(q0 + i, some));
      b = vmladavaq_s8(b, key, vldrbq_z_s8(q1 + i, some));
      c = vmladavaq_s8(c, key, vldrbq_z_s8(q2 + i, some));
      d = vmladavaq_s8(d, key, vldrbq_z_s8(q3 + i, some));
    }
    acc = vaddq_n_s32(vaddq_s32(tmb_mve_attention_four(a, b, c, d), start), zero * sum);
    vstrhq_scatter_shifted_offset_s32(score++, rows, tmb_mve_finish(acc, multiplier, &out));
  }
}

/* What lies between scores and softmax, for one row. */
static void tmb_mve_attention_adjust(int16_t *score, const int8_t *table, const int8_t *mask, const tmb_attention_s8_params *p) {
  int32_t left;
  for (left = p->keys; left > 0; left -= 4, score += 4) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    int32x4_t value = vldrhq_z_s32(score, some);
    if (p->has_table)
      value = vldrbq_gather_offset_z_s32(table, vreinterpretq_u32_s32(vaddq_n_s32(value, 128)), some);
    if (mask != NULL) {
      value = vmlaq_n_s32(vdupq_n_s32(p->mask_sum_offset), value, p->mask_score_multiplier);
      value = vshlq_r_s32(vmlaq_n_s32(value, vldrbq_z_s32(mask, some), p->mask_multiplier), -p->mask_shift);
      value = vmaxq_s32(vminq_s32(value, vdupq_n_s32(INT8_MAX)), vdupq_n_s32(INT8_MIN));
      mask += 4;
    }
    vstrhq_p_s32(score, value, some);
  }
}

/* Scores of a row become weights, 0 to 255; see tmb_softmax_s8. Returns their sum. */
TMB_NO_INLINE static int32_t tmb_mve_attention_normalize(int16_t *score, const uint32_t *exponentials, int32_t keys) {
  int16_t max = INT8_MIN;
  int16_t *at = score;
  uint32_t sum = 0, total = 0, reciprocal;
  int32x4_t most;
  int32_t left;
  for (left = keys; left > 0; left -= 8, at += 8) {
    const mve_pred16_t some = vctp16q((uint32_t)left);
    max = vmaxvq_p_s16(max, vldrhq_z_s16(at, some), some);
  }
  most = vdupq_n_s32(max);
  for (left = keys, at = score; left > 0; left -= 4, at += 4) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    const uint32x4_t distance = vreinterpretq_u32_s32(vsubq_s32(most, vldrhq_z_s32(at, some)));
    sum = vaddvaq_u32(sum, vldrwq_gather_shifted_offset_z_u32(exponentials, distance, some));
  }
  reciprocal = UINT32_MAX / sum;
  for (left = keys, at = score; left > 0; left -= 4, at += 4) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    const uint32x4_t distance = vreinterpretq_u32_s32(vsubq_s32(most, vldrhq_z_s32(at, some)));
    const uint32x4_t number = vldrwq_gather_shifted_offset_z_u32(exponentials, distance, some);
    const uint32x4_t scaled = vaddq_n_u32(vshlq_n_u32(number, 8), sum >> 1);
    uint32x4_t quotient = vmulhq_u32(scaled, vdupq_n_u32(reciprocal));
    const uint32x4_t rest = vsubq_u32(scaled, vmulq_n_u32(quotient, sum));
    quotient = vaddq_m_n_u32(quotient, quotient, 1, vcmpcsq_n_u32(rest, sum));
    quotient = vminq_u32(quotient, vdupq_n_u32(255));
    total = vaddvaq_p_u32(total, quotient, some);
    vstrhq_p_s32(at, vreinterpretq_s32_u32(quotient), some);
  }
  return (int32_t)total;
}

/* Element 0 of the values of eight keys, of those that are there. */
static inline int16x8_t tmb_mve_attention_column(const int8_t *v, int32_t step, uint16x8_t places, mve_pred16_t some, int32_t keys) {
  int16_t far[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  int32_t n;
  if (step <= UINT16_MAX / 7)
    return vldrbq_gather_offset_z_s16(v, places, some);
  for (n = 0; n < 8 && n < keys; ++n)
    far[n] = v[n * step];
  return vldrhq_s16(far);
}

/* All elements of the block's `rows` rows, eight keys at a time. */
TMB_NO_INLINE static void tmb_mve_attention_values(const tmb_mve_attention *job, const int8_t *v, int32_t rows, int8_t *y,
                                                   const tmb_attention_s8_params *p) {
  const tmb_output_s8 out = {p->out_shift, p->out_zero_point, INT8_MIN, INT8_MAX};
  const int32_t step = p->v_row_stride, pitch = job->pitch, keys = p->keys;
  const int32x4_t multiplier = vdupq_n_s32(p->out_multiplier), start = vldrwq_s32(job->starts);
  const uint32x4_t to = tmb_mve_attention_rows(p->heads * p->value_depth);
  const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
  const mve_pred16_t present = vctp32q((uint32_t)rows);
  int32_t i, left;
  for (i = p->value_depth; i > 0; --i, ++v, ++y) {
    const int16_t *weight = job->score;
    const int8_t *from = v;
    int32_t a = 0, b = 0, c = 0, d = 0;
    int32x4_t acc;
    for (left = keys; left > 0; left -= 8, from += 8 * step, weight += 8) {
      const mve_pred16_t some = vctp16q((uint32_t)left);
      const int16x8_t column = tmb_mve_attention_column(from, step, places, some, left);
      a = vmladavaq_s16(a, column, vldrhq_z_s16(weight, some));
      b = vmladavaq_s16(b, column, vldrhq_z_s16(weight + pitch, some));
      c = vmladavaq_s16(c, column, vldrhq_z_s16(weight + 2 * pitch, some));
      d = vmladavaq_s16(d, column, vldrhq_z_s16(weight + 3 * pitch, some));
    }
    acc = vaddq_s32(tmb_mve_attention_four(a, b, c, d), start);
    vstrbq_scatter_offset_p_s32(y, to, tmb_mve_finish(acc, multiplier, &out), present);
  }
}

/* What the zero point of the keys adds to the products with a query. */
static int32_t tmb_mve_attention_start(const int8_t *q, const tmb_attention_s8_params *p) {
  int32_t sum = -p->depth * p->q_zero_point, left;
  for (left = p->depth; left > 0; left -= 16, q += 16)
    sum = vaddvaq_s8(sum, vldrbq_z_s8(q, vctp8q((uint32_t)left)));
  return -p->k_zero_point * sum;
}

void tmb_attention_s8(const int8_t *q, const int8_t *k, const int8_t *v, const int8_t *table, const int8_t *mask,
                      const uint32_t *exponentials, int8_t *y, void *scratch, const tmb_attention_s8_params *p) {
  tmb_mve_attention job;
  int32_t row, h, r;
  job.score = (int16_t *)scratch;
  job.pitch = (p->keys + 1) / 2 * 2;
  for (row = 0; row < p->queries; row += TMB_ROWS) {
    const int32_t rows = p->queries - row < TMB_ROWS ? p->queries - row : TMB_ROWS;
    for (h = 0; h < p->heads; ++h, y += p->value_depth) {
      const int8_t *query = q + p->q_offset + h * p->q_head_stride + row * p->q_row_stride;
      const int32_t kv = h / p->shared;
      for (r = 0; r < TMB_ROWS; ++r) {
        job.q[r] = r < rows ? query + r * p->q_row_stride : job.q[r - 1];
        job.starts[r] = r < rows ? tmb_mve_attention_start(job.q[r], p) : job.starts[r - 1];
      }
      tmb_mve_attention_scores(&job, k + p->k_offset + kv * p->k_head_stride, p);
      for (r = 0; r < rows; ++r) {
        int16_t *score = job.score + r * job.pitch;
        if (p->has_table || p->has_mask)
          tmb_mve_attention_adjust(score, table, p->has_mask ? mask + h * p->mask_head_stride + (row + r) * p->mask_row_stride : NULL, p);
        job.starts[r] = -p->v_zero_point * tmb_mve_attention_normalize(score, exponentials, p->keys);
      }
      tmb_mve_attention_values(&job, v + p->v_offset + kv * p->v_head_stride, rows, y, p);
    }
    y += (rows - 1) * p->heads * p->value_depth;
  }
}
