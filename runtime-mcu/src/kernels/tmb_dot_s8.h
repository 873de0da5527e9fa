/* SPDX-License-Identifier: MIT */
/* Inner products of int8 rows, shared by convolution and fully connected layers. */
#ifndef TMB_DOT_S8_H
#define TMB_DOT_S8_H

#include <stdint.h>

#include "tmb_no_inline.h"

/* Rows of weights that meet one row of activations at a time: each activation is loaded once for four products. */
#define TMB_LANES 4

/* acc[j] += sum of x[k] * w[j * w_stride + k] over k < count, for j < lanes <= TMB_LANES. */
TMB_NO_INLINE static void tmb_dot_s8(const int8_t *x, const int8_t *w, int32_t w_stride, int32_t count, int32_t lanes,
                                     int32_t *acc) {
  const int8_t *end = x + count;
  int32_t j, k;
  if (lanes == TMB_LANES) {
    int32_t acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3];
    const int8_t *w2 = w + 2 * w_stride; /* two pointers for four rows: all that fits the registers of a Cortex-M0+ */
    while (x != end) {
      const int32_t value = *x++;
      acc0 += value * w[0];
      acc1 += value * w[w_stride];
      acc2 += value * w2[0];
      acc3 += value * w2[w_stride];
      ++w;
      ++w2;
    }
    acc[0] = acc0;
    acc[1] = acc1;
    acc[2] = acc2;
    acc[3] = acc3;
    return;
  }
  for (j = 0; j < lanes; ++j) {
    int32_t sum = acc[j];
    for (k = 0; k < count; ++k)
      sum += x[k] * w[k];
    acc[j] = sum;
    w += w_stride;
  }
}

#endif
