/* SPDX-License-Identifier: MIT */
/* Softmax, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_softmax_row_f32.h"

void tmb_softmax_f32(const float *x, float *y, const tmb_softmax_params *p) {
  int32_t o, i;
  if (p->depth == 0)
    return;
  for (o = 0; o < p->outer; ++o) {
    const int32_t slab = o * p->depth * p->inner;
    for (i = 0; i < p->inner; ++i)
      tmb_softmax_f32_row(x + slab + i, y + slab + i, p->depth, p->inner);
  }
}
