/* SPDX-License-Identifier: MIT */
/* The arithmetic of int8 recurrent layers, with the vector instructions of Armv8.1-M. Comes after tmb_recurrent_tanh.h. */
#ifndef TMB_RECURRENT_SUMS_S8_H
#define TMB_RECURRENT_SUMS_S8_H

#include <arm_mve.h>

#include "tmb_recurrent_points_s8.h"

/* The products of a row in four blocks: the bytes of a word are columns 0, 2, 1 and 3, so that the even ones meet one pair of
 * neighbouring activations and the odd ones the other. */
static inline int32_t tmb_recurrent_row(int32_t sum, int32x4_t words, int16x8_t even, int16x8_t odd) {
  const int8x16_t bytes = vreinterpretq_s8_s32(words);
  return vmladavaq_s16(vmladavaq_s16(sum, vmovlbq_s8(bytes), even), vmovltq_s8(bytes), odd);
}

/* Sums of v times four rows of weights, four blocks of four columns at a time. Returns the end of the weights. */
__attribute__((__noinline__)) static const int32_t *tmb_recurrent_dot(const int16_t *v, const int16_t *end, const int32_t *w,
                                                                      int32_t *sums) {
  int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, blocks = (int32_t)(end - v) >> 2;
  for (; blocks >= 4; blocks -= 4, v += 16, w += 16) {
    const int32x4x4_t rows = vld4q_s32(w);
    const int32x4x2_t columns = vld2q_s32((const int32_t *)(const void *)v);
    const int16x8_t even = vreinterpretq_s16_s32(columns.val[0]), odd = vreinterpretq_s16_s32(columns.val[1]);
    sum0 = tmb_recurrent_row(sum0, rows.val[0], even, odd);
    sum1 = tmb_recurrent_row(sum1, rows.val[1], even, odd);
    sum2 = tmb_recurrent_row(sum2, rows.val[2], even, odd);
    sum3 = tmb_recurrent_row(sum3, rows.val[3], even, odd);
  }
  if (blocks > 0) {
    /* Nothing behind the last block is read. */
    const mve_pred16_t some = vctp32q((uint32_t)blocks);
    const uint32x4_t pairs = vidupq_n_u32(0, 8), rows = vshlq_n_u32(pairs, 1);
    const int32_t *columns = (const int32_t *)(const void *)v;
    const int16x8_t even = vreinterpretq_s16_s32(vldrwq_gather_offset_z_s32(columns, pairs, some));
    const int16x8_t odd = vreinterpretq_s16_s32(vldrwq_gather_offset_z_s32(columns + 1, pairs, some));
    sum0 = tmb_recurrent_row(sum0, vldrwq_gather_offset_z_s32(w, rows, some), even, odd);
    sum1 = tmb_recurrent_row(sum1, vldrwq_gather_offset_z_s32(w + 1, rows, some), even, odd);
    sum2 = tmb_recurrent_row(sum2, vldrwq_gather_offset_z_s32(w + 2, rows, some), even, odd);
    sum3 = tmb_recurrent_row(sum3, vldrwq_gather_offset_z_s32(w + 3, rows, some), even, odd);
    w += 4 * blocks;
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
  return w;
}

/* The sums of four rows of a gate over the input, then those over the state. Returns the weights of the next gate. */
static inline const int32_t *tmb_recurrent_sums_s8(const tmb_recurrent_vectors *v, const int32_t *w, int32_t *sums) {
  return tmb_recurrent_dot(v->h, v->h_end, tmb_recurrent_dot(v->x, v->x_end, w, sums), sums + 4);
}

/* The points of `gates` gates one after the other, from the weights and constants (bias, multipliers) of each; a point is
 * 256 * (tanh + 1) in units of 2^-15, before it is rounded down. VRMULH rounds as SMMLAR does. */
__attribute__((__noinline__)) static const int32_t *tmb_recurrent_gates(const tmb_recurrent_vectors *v, const int32_t *w,
                                                                        const int32_t *k, int32_t x_shift, int32_t *to,
                                                                        int32_t gates) {
  const uint32x4_t units = vmulq_n_u32(vidupq_n_u32(0, 1), 12);
  for (; gates > 0; --gates, k += 12, to += 4) {
    int32_t sums[8];
    int32x4_t argument, place, part, below, above;
    uint32x4_t entry;
    w = tmb_recurrent_sums_s8(v, w, sums);
    argument = vrmulhq_s32(vshlq_r_s32(vldrwq_s32(sums), x_shift), vldrwq_gather_offset_s32(k + 1, units));
    argument = vaddq_s32(argument, vldrwq_gather_offset_s32(k, units));
    argument = vaddq_s32(argument, vrmulhq_s32(vldrwq_s32(sums + 4), vldrwq_gather_offset_s32(k + 2, units)));
    place = vminq_s32(vmaxq_s32(argument, vdupq_n_s32(-16384)), vdupq_n_s32(16383));
    part = vandq_s32(place, vdupq_n_s32(255));
    entry = vreinterpretq_u32_s32(vaddq_n_s32(vshrq_n_s32(place, 8), 64));
    below = vldrhq_gather_shifted_offset_s32(tmb_recurrent_tanh_table, entry);
    above = vldrhq_gather_shifted_offset_s32(tmb_recurrent_tanh_table + 1, entry);
    above = vmlaq_n_s32(vmulq_s32(vsubq_s32(above, below), part), below, 256);
    vstrwq_s32(to, vaddq_n_s32(above, 128 + (1 << 23)));
  }
  return w;
}

#endif
