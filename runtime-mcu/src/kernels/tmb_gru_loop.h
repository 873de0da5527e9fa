/* SPDX-License-Identifier: MIT */
/* The body of the GRU kernels. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL    the function's name
 *   TMB_F(x, p)   activation function of the gates z and r
 *   TMB_G(x, p)   of the new state */
#include "tmb_recurrent_f32.h"

void TMB_KERNEL(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                const int32_t *lengths, float *y, float *y_h, void *scratch, const tmb_recurrent_params *p) {
  const int32_t hidden = p->hidden;
  const float *const r_h = r + 2 * hidden * hidden;
  const float *const bias_rh = bias + 3 * hidden;
  float *const gates = (float *)scratch;
  float *const gate_r = gates + hidden;
  float *const gate_h = gates + 2 * hidden;
  float *const part = gates + 3 * hidden;
  int32_t n, step, j;
  tmb_recurrent_start(initial_h, p->has_initial_h, y_h, p->batch * hidden);
  for (n = 0; n < p->batch; ++n) {
    const int32_t length = tmb_recurrent_length(lengths, n, p);
    float *const h = y_h + n * hidden;
    for (step = 0; step < length; ++step) {
      const int32_t t = p->reverse ? length - 1 - step : step;
      tmb_recurrent_rows(x + (t * p->batch + n) * p->input, w, bias, gates, p->input, 3 * hidden, 0);
      tmb_recurrent_rows(h, r, bias, gates, hidden, 2 * hidden, 1);
      for (j = 0; j < 2 * hidden; ++j)
        gates[j] = TMB_F(tmb_recurrent_clip(gates[j], p), p);
      if (p->linear_before_reset) {
        tmb_recurrent_rows(h, r_h, bias_rh, part, hidden, hidden, 0);
        for (j = 0; j < hidden; ++j)
          gate_h[j] += gate_r[j] * part[j];
      } else {
        for (j = 0; j < hidden; ++j) {
          part[j] = gate_r[j] * h[j];
          gate_h[j] += bias_rh[j];
        }
        tmb_recurrent_rows(part, r_h, bias_rh, gate_h, hidden, hidden, 1);
      }
      for (j = 0; j < hidden; ++j) {
        const float z = gates[j];
        h[j] = (1.0f - z) * TMB_G(tmb_recurrent_clip(gate_h[j], p), p) + z * h[j];
      }
      tmb_recurrent_store(h, y, t, n, p);
    }
    tmb_recurrent_clear(y, length, n, p);
  }
}

#undef TMB_KERNEL
#undef TMB_F
#undef TMB_G
