/* SPDX-License-Identifier: MIT */
/* The body of the RNN kernels. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL    the function's name
 *   TMB_F(x, p)   the activation function */
#include "tmb_recurrent_f32.h"

void TMB_KERNEL(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                const int32_t *lengths, float *y, float *y_h, void *scratch, const tmb_recurrent_params *p) {
  const int32_t hidden = p->hidden;
  float *const sums = (float *)scratch;
  int32_t n, step, j;
  tmb_recurrent_start(initial_h, p->has_initial_h, y_h, p->batch * hidden);
  for (n = 0; n < p->batch; ++n) {
    const int32_t length = tmb_recurrent_length(lengths, n, p);
    float *const h = y_h + n * hidden;
    for (step = 0; step < length; ++step) {
      const int32_t t = p->reverse ? length - 1 - step : step;
      tmb_recurrent_rows(x + (t * p->batch + n) * p->input, w, bias, sums, p->input, hidden, 0);
      tmb_recurrent_rows(h, r, bias, sums, hidden, hidden, 1);
      for (j = 0; j < hidden; ++j)
        h[j] = TMB_F(tmb_recurrent_clip(sums[j], p), p);
      tmb_recurrent_store(h, y, t, n, p);
    }
    tmb_recurrent_clear(y, length, n, p);
  }
}

#undef TMB_KERNEL
#undef TMB_F
