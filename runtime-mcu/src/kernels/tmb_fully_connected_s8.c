/* SPDX-License-Identifier: MIT */
/* Fully connected layer, int8. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_finish_s8.h"
#include "tmb_no_inline.h"

/* acc[j] += sum of x[k] * w[j][k] over k < depth for four outputs j. Returns the end of the weights. */
TMB_NO_INLINE static const int8_t *tmb_fully_connected_s8_dot(const int8_t *x, const int8_t *w, int32_t depth, int32_t *acc) {
  int32_t acc0 = acc[0], acc1 = acc[1], acc2 = acc[2], acc3 = acc[3], rest = depth & 3;
  const int8_t *end = x + (depth - rest);
  int8_t part[4] = {0, 0, 0, 0};
  for (;;) {
    for (; x != end; x += 4, w += 16) {
      /* Activations 0 and 2, then 1 and 3, as tmb_layout.h has them. */
      int32_t first = x[0], second = x[2];
      acc0 += first * w[0];
      acc1 += first * w[1];
      acc2 += first * w[4];
      acc3 += first * w[5];
      acc0 += second * w[2];
      acc1 += second * w[3];
      acc2 += second * w[6];
      acc3 += second * w[7];
      first = x[1];
      second = x[3];
      acc0 += first * w[8];
      acc1 += first * w[9];
      acc2 += first * w[12];
      acc3 += first * w[13];
      acc0 += second * w[10];
      acc1 += second * w[11];
      acc2 += second * w[14];
      acc3 += second * w[15];
    }
    if (rest == 0)
      break;
    for (; rest > 0; --rest)
      part[rest - 1] = x[rest - 1];
    x = part;
    end = part + 4;
  }
  acc[0] = acc0;
  acc[1] = acc1;
  acc[2] = acc2;
  acc[3] = acc3;
  return w;
}

void tmb_fully_connected_s8(const int8_t *x, const int32_t *w, int8_t *y, const tmb_fully_connected_s8_params *p) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const int32_t words = tmb_fully_connected_s8_words(p->depth);
  int32_t m, n, j;
  for (m = 0; m < p->rows; ++m, x += p->depth, y += p->cols) {
    const int32_t *four = w;
    for (n = 0; n < p->cols; n += 4, four += words) {
      const int32_t *multiplier = four + words - 4;
      const int32_t lanes = p->cols - n < 4 ? p->cols - n : 4;
      int32_t acc[4];
      for (j = 0; j < 4; ++j)
        acc[j] = four[j];
      tmb_fully_connected_s8_dot(x, (const int8_t *)(four + 4), p->depth, acc);
      for (j = 0; j < lanes; ++j)
        y[n + j] = tmb_finish_s8(acc[j], multiplier[j], &out);
    }
  }
}
