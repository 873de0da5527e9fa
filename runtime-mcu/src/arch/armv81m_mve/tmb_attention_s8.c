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

/* The scores of all keys in int8, 16 elements of a query and a key at a time; then what the table makes of them. */
TMB_NO_INLINE static void tmb_mve_attention_scores(const tmb_mve_attention *job, const int8_t *k, const int8_t *table,
                                                   const tmb_attention_s8_params *p) {
  const int32_t bias = table != NULL ? 128 : 0; /* codes become places in the table */
  const tmb_output_s8 out = {p->score_shift, p->score_zero_point + bias, INT8_MIN + bias, INT8_MAX + bias};
  const int32_t step = p->k_row_stride, zero = -p->q_zero_point, whole = p->depth > 0 ? (p->depth - 1) & ~15 : 0;
  const int32x4_t multiplier = vdupq_n_s32(p->score_multiplier), start = vldrwq_s32(job->starts);
  const uint32x4_t rows = tmb_mve_attention_rows(job->pitch);
  const int8_t *const q0 = job->q[0], *const q1 = job->q[1], *const q2 = job->q[2], *const q3 = job->q[3];
  const mve_pred16_t some = vctp8q((uint32_t)(p->depth - whole)); /* of the last, up to 16 elements */
  const int8x16_t rest0 = vldrbq_z_s8(q0 + whole, some), rest1 = vldrbq_z_s8(q1 + whole, some);
  const int8x16_t rest2 = vldrbq_z_s8(q2 + whole, some), rest3 = vldrbq_z_s8(q3 + whole, some);
  int16_t *score = job->score;
  int32_t n, i;
  for (n = p->keys; n > 0; --n, k += step) {
    const int8x16_t rest = vldrbq_z_s8(k + whole, some);
    int32_t sum = vaddvq_s8(rest), a = vmladavq_s8(rest, rest0), b = vmladavq_s8(rest, rest1), c = vmladavq_s8(rest, rest2),
            d = vmladavq_s8(rest, rest3);
    int32x4_t code;
    for (i = 0; i < whole; i += 16) {
      const int8x16_t key = vldrbq_s8(k + i);
      sum = vaddvaq_s8(sum, key);
      a = vmladavaq_s8(a, key, vldrbq_s8(q0 + i));
      b = vmladavaq_s8(b, key, vldrbq_s8(q1 + i));
      c = vmladavaq_s8(c, key, vldrbq_s8(q2 + i));
      d = vmladavaq_s8(d, key, vldrbq_s8(q3 + i));
    }
    code = vaddq_n_s32(vaddq_s32(tmb_mve_attention_four(a, b, c, d), start), zero * sum);
    code = tmb_mve_finish(code, multiplier, &out);
    if (table != NULL)
      code = vldrbq_gather_offset_s32(table, vreinterpretq_u32_s32(code));
    vstrhq_scatter_shifted_offset_s32(score++, rows, code);
  }
}

/* The scores of a row with a row of the mask. */
static void tmb_mve_attention_add_mask(int16_t *score, const int8_t *mask, const tmb_attention_s8_params *p) {
  int32_t left;
  for (left = p->keys; left > 0; left -= 4, score += 4, mask += 4) {
    const mve_pred16_t some = vctp32q((uint32_t)left);
    int32x4_t sum = vmlaq_n_s32(vdupq_n_s32(p->mask_sum_offset), vldrhq_z_s32(score, some), p->mask_score_multiplier);
    sum = vshlq_r_s32(vmlaq_n_s32(sum, vldrbq_z_s32(mask, some), p->mask_multiplier), -p->mask_shift);
    vstrhq_p_s32(score, vmaxq_s32(vminq_s32(sum, vdupq_n_s32(INT8_MAX)), vdupq_n_s32(INT8_MIN)), some);
  }
}

/* Exponentials of a sum become weights, 0 to 255; see tmb_softmax_s8. */
static inline uint32x4_t tmb_mve_attention_divide(uint32x4_t number, uint32_t sum, uint32x4_t reciprocal) {
  const uint32x4_t scaled = vaddq_n_u32(vshlq_n_u32(number, 8), sum >> 1);
  uint32x4_t quotient = vmulhq_u32(scaled, reciprocal);
  const uint32x4_t rest = vsubq_u32(scaled, vmulq_n_u32(quotient, sum));
  quotient = vaddq_m_n_u32(quotient, quotient, 1, vcmpcsq_n_u32(rest, sum));
  return vminq_u32(quotient, vdupq_n_u32(255));
}

/* How far below the maximum scores are. */
static inline uint32x4_t tmb_mve_attention_distance(int32x4_t most, int32x4_t score) {
  return vreinterpretq_u32_s32(vsubq_s32(most, score));
}

/* Scores of a row become weights. Returns their sum. */
TMB_NO_INLINE static int32_t tmb_mve_attention_normalize(int16_t *score, const uint32_t *exponentials, int32_t keys) {
  const mve_pred16_t some = vctp32q((uint32_t)(keys & 3)); /* of those behind the last four */
  int16_t *const end = score + (keys & ~3);
  int16x8_t maxima = vdupq_n_s16(INT8_MIN);
  int16_t *at = score;
  uint32_t sum = 0, total = 0;
  uint32x4_t distance, reciprocal;
  int32x4_t most;
  int32_t left;
  for (left = keys; left >= 8; left -= 8, at += 8)
    maxima = vmaxq_s16(maxima, vldrhq_s16(at));
  if (left > 0) {
    const mve_pred16_t last = vctp16q((uint32_t)left);
    maxima = vmaxq_m_s16(maxima, maxima, vldrhq_z_s16(at, last), last);
  }
  most = vdupq_n_s32(vmaxvq_s16(INT8_MIN, maxima));
  for (at = score; at != end; at += 4)
    sum = vaddvaq_u32(sum, vldrwq_gather_shifted_offset_u32(exponentials, tmb_mve_attention_distance(most, vldrhq_s32(at))));
  distance = tmb_mve_attention_distance(most, vldrhq_z_s32(end, some));
  sum = vaddvaq_u32(sum, vldrwq_gather_shifted_offset_z_u32(exponentials, distance, some));
  reciprocal = vdupq_n_u32(UINT32_MAX / sum);
  for (at = score; at != end; at += 4) {
    uint32x4_t weight;
    distance = tmb_mve_attention_distance(most, vldrhq_s32(at));
    weight = tmb_mve_attention_divide(vldrwq_gather_shifted_offset_u32(exponentials, distance), sum, reciprocal);
    total = vaddvaq_u32(total, weight);
    vstrhq_s32(at, vreinterpretq_s32_u32(weight));
  }
  if ((keys & 3) != 0) {
    uint32x4_t weight;
    distance = tmb_mve_attention_distance(most, vldrhq_z_s32(at, some));
    weight = tmb_mve_attention_divide(vldrwq_gather_shifted_offset_z_u32(exponentials, distance, some), sum, reciprocal);
    total = vaddvaq_p_u32(total, weight, some);
    vstrhq_p_s32(at, vreinterpretq_s32_u32(weight), some);
  }
  return (int32_t)total;
}

/* The sum over all keys where these are too far apart for 16 bits. */
static int32_t tmb_mve_attention_far(const int16_t *weight, const int8_t *v, int32_t step, int32_t keys) {
  int32_t sum = 0, n;
  for (n = 0; n < keys; ++n)
    sum += weight[n] * v[n * step];
  return sum;
}

/* All elements of the block's `rows` rows, eight keys at a time. */
TMB_NO_INLINE static void tmb_mve_attention_values(const tmb_mve_attention *job, const int8_t *v, int32_t rows, int8_t *y,
                                                   const tmb_attention_s8_params *p) {
  const tmb_output_s8 out = {p->out_shift, p->out_zero_point, INT8_MIN, INT8_MAX};
  const int32_t step = p->v_row_stride, pitch = job->pitch, is_far = step > UINT16_MAX / 7;
  const int32_t keys = is_far ? 0 : p->keys;
  const int32x4_t multiplier = vdupq_n_s32(p->out_multiplier), start = vldrwq_s32(job->starts);
  const uint32x4_t to = tmb_mve_attention_rows(p->heads * p->value_depth);
  const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
  const mve_pred16_t present = vctp32q((uint32_t)rows);
  int32_t i, left;
  for (i = p->value_depth; i > 0; --i, ++v, ++y) {
    const int16_t *w0 = job->score, *w1 = w0 + pitch, *w2 = w1 + pitch, *w3 = w2 + pitch;
    const int8_t *from = v;
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (left = keys; left >= 8; left -= 8, from += 8 * step) {
      const int16x8_t column = vldrbq_gather_offset_s16(from, places);
      a = vmladavaq_s16(a, column, vldrhq_s16(w0)), w0 += 8;
      b = vmladavaq_s16(b, column, vldrhq_s16(w1)), w1 += 8;
      c = vmladavaq_s16(c, column, vldrhq_s16(w2)), w2 += 8;
      d = vmladavaq_s16(d, column, vldrhq_s16(w3)), w3 += 8;
    }
    if (left > 0) {
      const mve_pred16_t some = vctp16q((uint32_t)left);
      const int16x8_t column = vldrbq_gather_offset_z_s16(from, places, some);
      a = vmladavaq_s16(a, column, vldrhq_z_s16(w0, some));
      b = vmladavaq_s16(b, column, vldrhq_z_s16(w1, some));
      c = vmladavaq_s16(c, column, vldrhq_z_s16(w2, some));
      d = vmladavaq_s16(d, column, vldrhq_z_s16(w3, some));
    } else if (is_far) {
      a = tmb_mve_attention_far(w0, v, step, p->keys), b = tmb_mve_attention_far(w1, v, step, p->keys);
      c = tmb_mve_attention_far(w2, v, step, p->keys), d = tmb_mve_attention_far(w3, v, step, p->keys);
    }
    vstrbq_scatter_offset_p_s32(
        y, to, tmb_mve_finish(vaddq_s32(tmb_mve_attention_four(a, b, c, d), start), multiplier, &out), present);
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
      tmb_mve_attention_scores(&job, k + p->k_offset + kv * p->k_head_stride, p->has_table ? table : NULL, p);
      for (r = 0; r < rows; ++r) {
        int16_t *score = job.score + r * job.pitch;
        if (p->has_mask)
          tmb_mve_attention_add_mask(score, mask + h * p->mask_head_stride + (row + r) * p->mask_row_stride, p);
        job.starts[r] = -p->v_zero_point * tmb_mve_attention_normalize(score, exponentials, p->keys);
      }
      tmb_mve_attention_values(&job, v + p->v_offset + kv * p->v_head_stride, rows, y, p);
    }
    y += (rows - 1) * p->heads * p->value_depth;
  }
}
