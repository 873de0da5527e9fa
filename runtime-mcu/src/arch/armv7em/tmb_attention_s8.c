/* SPDX-License-Identifier: MIT */
/* Scaled dot-product attention, int8, with the DSP instructions of Armv7E-M. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_dsp.h"
#include "tmb_dsp_finish.h"

/* Four rows of queries together, so that keys and values are loaded and widened once for all of them; what is left is done row by
 * row. Scratch has, for blocks of `rows` rows (four or one):
 * - for each four elements of a query, for each row, two words: elements 0 and 2, and 1 and 3, less the zero point;
 * - for each pair of keys, for each row, a word: their scores, which become their weights. */

#define TMB_NO_INLINE __attribute__((__noinline__))

typedef int16_t __attribute__((__may_alias__)) tmb_half; /* of a word of scratch */

typedef struct tmb_attention_scores {
  const uint32_t *q;
  uint32_t *score;
  const int8_t *table; /* of codes from -128 on; or null */
  int32_t start[TMB_ATTENTION_S8_ROWS]; /* what the zero point of the keys adds */
  int32_t units, part; /* whole fours of elements, and elements that are left */
  int32_t keys, step;
  int32_t multiplier;
  tmb_dsp_output out;
} tmb_attention_scores;

/* Words of a block of queries, and the sums of its rows. */
static void tmb_attention_widen(const int8_t *q, int32_t rows, uint32_t *words, tmb_attention_scores *job,
                                const tmb_attention_s8_params *p) {
  const uint32_t zero = (uint16_t)-p->q_zero_point, zeros = zero | zero << 16;
  const int32_t last = 4 * job->units;
  int32_t r, u, i;
  for (r = 0; r < rows; ++r, q += p->q_row_stride) {
    uint32_t *to = words + 2 * r;
    int32_t sum = 0;
    for (u = 0; u < job->units; ++u, to += 2 * rows) {
      const uint32_t word = tmb_load32(q + 4 * u);
      to[0] = tmb_sxtab16(zeros, word);
      to[1] = tmb_sxtab16_ror8(zeros, word);
      sum = tmb_smlad(to[0], 0x00010001u, tmb_smlad(to[1], 0x00010001u, sum));
    }
    if (job->part > 0) {
      int16_t wide[4] = {0, 0, 0, 0};
      for (i = 0; i < job->part; ++i) {
        wide[i] = (int16_t)(q[last + i] - p->q_zero_point);
        sum += wide[i];
      }
      to[0] = (uint32_t)(uint16_t)wide[0] | (uint32_t)(uint16_t)wide[2] << 16;
      to[1] = (uint32_t)(uint16_t)wide[1] | (uint32_t)(uint16_t)wide[3] << 16;
    }
    job->start[r] = -p->k_zero_point * sum;
  }
}

static inline int32_t tmb_attention_code(int32_t acc, const tmb_attention_scores *job) {
  const int32_t code = job->out.plain ? tmb_finish_plain(acc, job->multiplier, job->out.zero_point)
                                      : tmb_finish_general(acc, job->multiplier, &job->out);
  return job->table != NULL ? job->table[code] : code;
}

#define TMB_STEP(r, even, odd)                                                                                                 \
  acc##r = tmb_smlad(q[2 * r], even, acc##r);                                                                                  \
  acc##r = tmb_smlad(q[2 * r + 1], odd, acc##r)

TMB_NO_INLINE static void tmb_attention_scores4(const tmb_attention_scores *job, const int8_t *k) {
  tmb_half *score = (tmb_half *)job->score;
  int32_t n;
  for (n = 0; n < job->keys; ++n, k += job->step) {
    int32_t acc0 = job->start[0], acc1 = job->start[1], acc2 = job->start[2], acc3 = job->start[3];
    const uint32_t *q = job->q;
    const int8_t *at = k;
    int32_t u;
    for (u = job->units; u > 0; --u, at += 4, q += 8) {
      const uint32_t word = tmb_load32(at), even = tmb_sxtb16(word), odd = tmb_sxtb16_ror8(word);
      TMB_STEP(0, even, odd);
      TMB_STEP(1, even, odd);
      TMB_STEP(2, even, odd);
      TMB_STEP(3, even, odd);
    }
    if (job->part > 0) {
      const uint32_t word = tmb_load_part(at, job->part), even = tmb_sxtb16(word), odd = tmb_sxtb16_ror8(word);
      TMB_STEP(0, even, odd);
      TMB_STEP(1, even, odd);
      TMB_STEP(2, even, odd);
      TMB_STEP(3, even, odd);
    }
    if (job->out.plain) {
      const int32_t multiplier = job->multiplier, zero = job->out.zero_point;
      acc0 = tmb_finish_plain(acc0, multiplier, zero), acc1 = tmb_finish_plain(acc1, multiplier, zero);
      acc2 = tmb_finish_plain(acc2, multiplier, zero), acc3 = tmb_finish_plain(acc3, multiplier, zero);
    } else {
      acc0 = tmb_finish_general(acc0, job->multiplier, &job->out), acc1 = tmb_finish_general(acc1, job->multiplier, &job->out);
      acc2 = tmb_finish_general(acc2, job->multiplier, &job->out), acc3 = tmb_finish_general(acc3, job->multiplier, &job->out);
    }
    if (job->table != NULL)
      acc0 = job->table[acc0], acc1 = job->table[acc1], acc2 = job->table[acc2], acc3 = job->table[acc3];
    score[0] = (int16_t)acc0, score[2] = (int16_t)acc1, score[4] = (int16_t)acc2, score[6] = (int16_t)acc3;
    score += n & 1 ? 7 : 1; /* to the other half of the words, or to the next pair */
  }
}

TMB_NO_INLINE static void tmb_attention_scores1(const tmb_attention_scores *job, const int8_t *k) {
  tmb_half *score = (tmb_half *)job->score;
  int32_t n;
  for (n = 0; n < job->keys; ++n, k += job->step) {
    int32_t acc0 = job->start[0];
    const uint32_t *q = job->q;
    const int8_t *at = k;
    int32_t u;
    for (u = job->units; u > 0; --u, at += 4, q += 2) {
      const uint32_t word = tmb_load32(at);
      TMB_STEP(0, tmb_sxtb16(word), tmb_sxtb16_ror8(word));
    }
    if (job->part > 0) {
      const uint32_t word = tmb_load_part(at, job->part);
      TMB_STEP(0, tmb_sxtb16(word), tmb_sxtb16_ror8(word));
    }
    *score++ = (int16_t)tmb_attention_code(acc0, job);
  }
}

/* The scores of a row, one of `rows`, with a row of the mask. */
static void tmb_attention_add_mask(tmb_half *score, int32_t rows, const int8_t *mask, const tmb_attention_s8_params *p) {
  int32_t n;
  for (n = 0; n < p->keys; ++n) {
    const int32_t sum = (*score * p->mask_score_multiplier + mask[n] * p->mask_multiplier + p->mask_sum_offset) >> p->mask_shift;
    *score = (int16_t)tmb_ssat8(sum);
    score += n & 1 ? 2 * rows - 1 : 1;
  }
}

static inline int32_t tmb_attention_weight(uint32_t number, uint32_t sum, uint32_t reciprocal) {
  const uint32_t scaled = (number << 8) + (sum >> 1);
  uint32_t quotient = (uint32_t)((uint64_t)scaled * reciprocal >> 32);
  if (scaled - quotient * sum >= sum)
    ++quotient;
  return (int32_t)(quotient > 255 ? 255 : quotient);
}

/* Scores of a row become weights, 0 to 255; that of a missing second key is 0. Returns their sum. See tmb_softmax_s8. */
TMB_NO_INLINE static int32_t tmb_attention_normalize(uint32_t *score, int32_t rows, const uint32_t *exponentials, int32_t keys) {
  const uint32_t *at = score, *numbers;
  uint32_t sum = 0, reciprocal;
  int32_t max = -128, total = 0, n;
  if (keys & 1) { /* the half behind the last key repeats it, which leaves the maximum as it is */
    uint32_t *last = score + (keys >> 1) * rows;
    *last = tmb_pkhbt(*last, *last);
  }
  for (n = keys; n > 0; n -= 2, at += rows) {
    const int32_t low = (int16_t)(uint16_t)*at, high = (int32_t)*at >> 16;
    max = low > max ? low : max;
    max = high > max ? high : max;
  }
  numbers = exponentials + max;
  for (n = keys, at = score; n > 1; n -= 2, at += rows)
    sum += numbers[-(int16_t)(uint16_t)*at] + numbers[-((int32_t)*at >> 16)];
  if (n > 0)
    sum += numbers[-(int16_t)(uint16_t)*at];
  reciprocal = UINT32_MAX / sum;
  for (n = keys; n > 0; n -= 2, score += rows) {
    const int32_t low = tmb_attention_weight(numbers[-(int16_t)(uint16_t)*score], sum, reciprocal);
    const int32_t high = n > 1 ? tmb_attention_weight(numbers[-((int32_t)*score >> 16)], sum, reciprocal) : 0;
    *score = (uint32_t)low | (uint32_t)high << 16;
    total += low + high;
  }
  return total;
}

/* What the loops work on. Assembly knows the order of the members. */
typedef struct tmb_attention_values {
  const uint32_t *weight;
  int32_t start[TMB_ATTENTION_S8_ROWS]; /* what the zero point of the values adds */
  int32_t keys, step;
} tmb_attention_values;

#if defined(__ARM_FEATURE_DSP)

/* r0 values, r1 weights, r2 from key to key, r4 to r11 the accumulators (two elements of each row) */
#define TMB_ROW(first, second)                                                                                                 \
  "ldr r12, [r1], #4\n\t"                                                                                                      \
  "smlad " first ", lr, r12, " first "\n\t"                                                                                    \
  "smlad " second ", r3, r12, " second "\n\t"
#define TMB_PAIR(rotated)                                                                                                      \
  "ldr r3, [r0]\n\t"                                                                                                           \
  "ldr r12, [r0, r2]\n\t"                                                                                                      \
  "add r0, r0, r2, lsl #1\n\t"                                                                                                 \
  "sxtb16 r3, r3" rotated "\n\t"                                                                                               \
  "sxtb16 r12, r12" rotated "\n\t"                                                                                             \
  "pkhbt lr, r3, r12, lsl #16\n\t"                                                                                             \
  "pkhtb r3, r12, r3, asr #16\n\t" TMB_ROW("r4", "r5") TMB_ROW("r6", "r7") TMB_ROW("r8", "r9") TMB_ROW("r10", "r11")           \
  "ldr r12, [sp, #4]\n\t"                                                                                                      \
  "cmp r1, r12\n\t"

/* Two of four elements of four rows, 0 and 2, or 1 and 3 if odd, for all pairs of keys. */
TMB_NAKED void tmb_attention_run(const tmb_attention_values *job __attribute__((__unused__)),
                                 const int8_t *v __attribute__((__unused__)), int32_t odd __attribute__((__unused__)),
                                 int32_t *sums __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldrd r12, lr, [r0, #20]\n\t" /* keys, step */
                   "ldrd r4, r6, [r0, #4]\n\t"
                   "ldrd r8, r10, [r0, #12]\n\t"
                   "ldr r0, [r0]\n\t"
                   "bic r12, r12, #1\n\t"
                   "add r12, r0, r12, lsl #3\n\t" /* the end of the weights */
                   "push {r3, r12}\n\t"
                   "mov r5, r4\n\t"
                   "mov r7, r6\n\t"
                   "mov r9, r8\n\t"
                   "mov r11, r10\n\t"
                   "mov r3, r2\n\t"
                   "mov r2, lr\n\t"
                   "mov lr, r0\n\t"
                   "mov r0, r1\n\t"
                   "mov r1, lr\n\t"
                   "cmp r1, r12\n\t"
                   "beq 3f\n\t"
                   "cmp r3, #0\n\t"
                   "bne 2f\n"
                   "1:\n\t" TMB_PAIR("") "bne 1b\n\t"
                   "b 3f\n"
                   "2:\n\t" TMB_PAIR(", ror #8") "bne 2b\n"
                   "3:\n\t"
                   "pop {r3, r12}\n\t"
                   "stm r3, {r4, r5, r6, r7, r8, r9, r10, r11}\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#undef TMB_ROW
#undef TMB_PAIR

#else

static void tmb_attention_run(const tmb_attention_values *job, const int8_t *v, int32_t odd, int32_t *sums) {
  const uint32_t *weight = job->weight;
  int32_t n, r;
  for (r = 0; r < 8; ++r)
    sums[r] = job->start[r >> 1];
  for (n = job->keys; n > 1; n -= 2, v += 2 * job->step, weight += 4) {
    const uint32_t w0 = tmb_load32(v), w1 = tmb_load32(v + job->step);
    const uint32_t a = odd ? tmb_sxtb16_ror8(w0) : tmb_sxtb16(w0), b = odd ? tmb_sxtb16_ror8(w1) : tmb_sxtb16(w1);
    for (r = 0; r < 4; ++r) {
      sums[2 * r] = tmb_smlad(tmb_pkhbt(a, b), weight[r], sums[2 * r]);
      sums[2 * r + 1] = tmb_smlad(tmb_pkhtb(a, b), weight[r], sums[2 * r + 1]);
    }
  }
}

#endif

/* The same for all keys. */
static void tmb_attention_values4(const tmb_attention_values *job, const int8_t *v, int32_t odd, int32_t *sums) {
  const int32_t last = job->keys - 1;
  int32_t r;
  tmb_attention_run(job, v, odd, sums);
  if ((last & 1) == 0) { /* a key without a partner */
    const uint32_t *weight = job->weight + 2 * last;
    const int32_t first = v[last * job->step + odd], second = v[last * job->step + odd + 2];
    for (r = 0; r < 4; ++r) {
      sums[2 * r] += (int32_t)weight[r] * first;
      sums[2 * r + 1] += (int32_t)weight[r] * second;
    }
  }
}

/* Four elements of one row, in the order 0, 2, 1, 3. */
TMB_NO_INLINE static void tmb_attention_values1(const tmb_attention_values *job, const int8_t *v, int32_t *sums) {
  const int32_t step = job->step;
  const uint32_t *weight = job->weight, *const end = weight + (job->keys >> 1);
  int32_t acc0 = job->start[0], acc1 = acc0, acc2 = acc0, acc3 = acc0;
  for (; weight != end; ++weight, v += 2 * step) {
    const uint32_t w0 = tmb_load32(v), w1 = tmb_load32(v + step), pair = *weight;
    const uint32_t a = tmb_sxtb16(w0), b = tmb_sxtb16(w1), c = tmb_sxtb16_ror8(w0), d = tmb_sxtb16_ror8(w1);
    acc0 = tmb_smlad(tmb_pkhbt(a, b), pair, acc0);
    acc1 = tmb_smlad(tmb_pkhtb(a, b), pair, acc1);
    acc2 = tmb_smlad(tmb_pkhbt(c, d), pair, acc2);
    acc3 = tmb_smlad(tmb_pkhtb(c, d), pair, acc3);
  }
  if (job->keys & 1) {
    const uint32_t word = tmb_load32(v), pair = *weight, a = tmb_sxtb16(word), c = tmb_sxtb16_ror8(word);
    acc0 = tmb_smlad(a, pair, acc0);
    acc1 = tmb_smlad(tmb_pkhtb(a, a), pair, acc1);
    acc2 = tmb_smlad(c, pair, acc2);
    acc3 = tmb_smlad(tmb_pkhtb(c, c), pair, acc3);
  }
  sums[0] = acc0, sums[1] = acc1, sums[2] = acc2, sums[3] = acc3;
}

/* One element of one row, for what is left behind the fours. */
static int32_t tmb_attention_value(const tmb_attention_values *job, const int8_t *v, int32_t row, int32_t rows) {
  const uint32_t *weight = job->weight + row;
  int32_t sum = job->start[row], n;
  for (n = 0; n < job->keys; ++n, v += job->step) {
    sum += (int32_t)(n & 1 ? *weight >> 16 : *weight & 0xffffu) * *v;
    weight += n & 1 ? rows : 0;
  }
  return sum;
}

/* All elements of `rows` rows. */
static void tmb_attention_finish(const tmb_attention_values *job, const int8_t *v, int32_t rows, int8_t *y,
                                 const tmb_attention_s8_params *p) {
  const tmb_dsp_output out = tmb_dsp_output_of(p->out_shift, p->out_zero_point, -128, 127);
  const int32_t pitch = p->heads * p->value_depth, depth = p->value_depth;
  int32_t sums[8], i, r, odd;
  for (i = 0; i + 4 <= depth; i += 4) {
    if (rows == 1) {
      tmb_attention_values1(job, v + i, sums);
      for (r = 0; r < 4; ++r)
        y[i + (r & 1) * 2 + (r >> 1)] = (int8_t)tmb_finish_general(sums[r], p->out_multiplier, &out);
      continue;
    }
    for (odd = 0; odd < 2; ++odd) {
      int8_t *to = y + i + odd;
      tmb_attention_values4(job, v + i, odd, sums);
      for (r = 0; r < 4; ++r, to += pitch) {
        to[0] = (int8_t)tmb_finish_general(sums[2 * r], p->out_multiplier, &out);
        to[2] = (int8_t)tmb_finish_general(sums[2 * r + 1], p->out_multiplier, &out);
      }
    }
  }
  for (; i < depth; ++i)
    for (r = 0; r < rows; ++r)
      y[r * pitch + i] = (int8_t)tmb_finish_general(tmb_attention_value(job, v + i, r, rows), p->out_multiplier, &out);
}

void tmb_attention_s8(const int8_t *q, const int8_t *k, const int8_t *v, const int8_t *table, const int8_t *mask,
                      const uint32_t *exponentials, int8_t *y, void *scratch, const tmb_attention_s8_params *p) {
  uint32_t *const words = (uint32_t *)scratch;
  int32_t row, rows, h, r;
  tmb_attention_scores scores;
  tmb_attention_values values;
  scores.q = words;
  scores.table = p->has_table ? table + 128 : NULL;
  scores.units = p->depth >> 2;
  scores.part = p->depth & 3;
  scores.keys = values.keys = p->keys;
  scores.step = p->k_row_stride;
  scores.multiplier = p->score_multiplier;
  scores.out = tmb_dsp_output_of(p->score_shift, p->score_zero_point, -128, 127);
  values.step = p->v_row_stride;
  for (row = 0; row < p->queries; row += rows) {
    rows = p->queries - row >= TMB_ATTENTION_S8_ROWS ? TMB_ATTENTION_S8_ROWS : 1;
    scores.score = words + 2 * rows * ((p->depth + 3) >> 2);
    values.weight = scores.score;
    for (h = 0; h < p->heads; ++h) {
      const int32_t kv = h / p->shared;
      const int8_t *keys = k + p->k_offset + kv * p->k_head_stride;
      tmb_attention_widen(q + p->q_offset + h * p->q_head_stride + row * p->q_row_stride, rows, words, &scores, p);
      if (rows == 1)
        tmb_attention_scores1(&scores, keys);
      else
        tmb_attention_scores4(&scores, keys);
      for (r = 0; r < rows; ++r) {
        if (p->has_mask)
          tmb_attention_add_mask((tmb_half *)(scores.score + r), rows,
                                 mask + h * p->mask_head_stride + (row + r) * p->mask_row_stride, p);
        values.start[r] = -p->v_zero_point * tmb_attention_normalize(scores.score + r, rows, exponentials, p->keys);
      }
      tmb_attention_finish(&values, v + p->v_offset + kv * p->v_head_stride, rows, y + (row * p->heads + h) * p->value_depth, p);
    }
  }
}
