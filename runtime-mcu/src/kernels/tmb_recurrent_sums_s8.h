/* SPDX-License-Identifier: MIT */
/* The arithmetic of int8 recurrent layers that instruction sets do in their own way. Comes after tmb_recurrent_tanh.h. */
#ifndef TMB_RECURRENT_SUMS_S8_H
#define TMB_RECURRENT_SUMS_S8_H

#include "thimble/tmb_requant.h"
#include "tmb_no_inline.h"

/* What rows of weights multiply: the input and the state of a time step, as 16-bit numbers in whole blocks of four. */
typedef struct tmb_recurrent_vectors {
  const int16_t *x, *x_end;
  const int16_t *h, *h_end;
} tmb_recurrent_vectors;

/* Sums of v times four rows of weights, which come in blocks of 4 rows by 4, rows one after the other; within a row, the second and
 * third change places. Returns the end of the weights. */
TMB_NO_INLINE static const int8_t *tmb_recurrent_dot_s8(const int16_t *v, const int16_t *end, const int8_t *w, int32_t *sums) {
  int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
  for (; v != end; v += 4, w += 16) {
    const int32_t v0 = v[0], v1 = v[1], v2 = v[2], v3 = v[3];
    sum0 += v0 * w[0] + v1 * w[2] + v2 * w[1] + v3 * w[3];
    sum1 += v0 * w[4] + v1 * w[6] + v2 * w[5] + v3 * w[7];
    sum2 += v0 * w[8] + v1 * w[10] + v2 * w[9] + v3 * w[11];
    sum3 += v0 * w[12] + v1 * w[14] + v2 * w[13] + v3 * w[15];
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
  return w;
}

/* The sums of four rows of a gate over the input, then those over the state. Returns the weights of the next gate. */
static inline const int32_t *tmb_recurrent_sums_s8(const tmb_recurrent_vectors *v, const int32_t *w, int32_t *sums) {
  const int8_t *middle = tmb_recurrent_dot_s8(v->x, v->x_end, (const int8_t *)w, sums);
  tmb_recurrent_dot_s8(v->h, v->h_end, middle, sums + 4);
  return w + (v->x_end - v->x) + (v->h_end - v->h); /* four bytes for each column */
}

/* A state in units of 2^-15 as an int8 number of scale 1/128. */
static inline int8_t tmb_recurrent_narrow(int32_t h) {
  const int32_t value = (h + 128) >> 8; /* -128 to 128 */
  return (int8_t)(value > 127 ? 127 : value);
}

/* bias + requantized sum */
static inline int32_t tmb_recurrent_scale(int32_t sum, int32_t multiplier, int32_t bias) {
  return tmb_requantize(sum, multiplier, 0, bias);
}

/* tanh of the arguments of four units of a gate, from their sums over the input and over the state and from the constants (bias,
 * multipliers) of each. */
TMB_NO_INLINE static void tmb_recurrent_units(const int32_t *sums, const int32_t *k, int32_t x_shift, int32_t *to) {
  const int32_t *end = sums + 4;
  for (; sums != end; ++sums, k += 3) {
    const int32_t argument = tmb_recurrent_scale(sums[0] * (1 << x_shift), k[1], k[0]);
    *to++ = tmb_recurrent_tanh(tmb_recurrent_scale(sums[4], k[2], argument));
  }
}

/* What gates leave, of four units of each of `gates` gates one after the other. Returns the weights that follow. */
static inline const int32_t *tmb_recurrent_gates(const tmb_recurrent_vectors *v, const int32_t *w, const int32_t *k,
                                                 int32_t x_shift, int32_t *to, int32_t gates) {
  const int32_t *end = to + 4 * gates;
  for (; to != end; to += 4, k += 12) {
    int32_t sums[8];
    w = tmb_recurrent_sums_s8(v, w, sums);
    tmb_recurrent_units(sums, k, x_shift, to);
  }
  return w;
}

/* What gates leave, tanh here, as the sigmoid of the double, 1 / (1 + exp(-x)), and as tanh, in units of 2^-15. */
static inline int32_t tmb_recurrent_sigmoid(int32_t tanh_of_half) { return (tanh_of_half + 32768) >> 1; }
static inline int32_t tmb_recurrent_squashed(int32_t result) { return result; }

#endif
