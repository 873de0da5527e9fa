/* SPDX-License-Identifier: MIT */
/* The body of the LSTM kernels. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL    the function's name
 *   TMB_F(x, p)   activation function of the gates i, o, f
 *   TMB_G(x, p)   of the cell's input
 *   TMB_H(x, p)   of the cell's output */
#include "tmb_recurrent_f32.h"

void TMB_KERNEL(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                const float *initial_c, const float *peepholes, const int32_t *lengths, float *y, float *y_h, float *y_c,
                void *scratch, const tmb_recurrent_params *p) {
  const int32_t hidden = p->hidden;
  float *const gates = (float *)scratch;
  const float *const gate_o = gates + hidden;
  const float *const gate_f = gates + 2 * hidden;
  const float *const gate_c = gates + 3 * hidden;
  int32_t n, step, j;
  tmb_recurrent_start(initial_h, p->has_initial_h, y_h, p->batch * hidden);
  tmb_recurrent_start(initial_c, p->has_initial_c, y_c, p->batch * hidden);
  for (n = 0; n < p->batch; ++n) {
    const int32_t length = tmb_recurrent_length(lengths, n, p);
    float *const h = y_h + n * hidden;
    float *const c = y_c + n * hidden;
    for (step = 0; step < length; ++step) {
      const int32_t t = p->reverse ? length - 1 - step : step;
      tmb_recurrent_rows(x + (t * p->batch + n) * p->input, w, bias, gates, p->input, 4 * hidden, 0);
      tmb_recurrent_rows(h, r, bias, gates, hidden, 4 * hidden, 1);
      for (j = 0; j < hidden; ++j) {
        float i = gates[j];
        float o = gate_o[j];
        float f = gate_f[j];
        float cell = c[j];
        if (p->has_peepholes) {
          i += peepholes[j] * cell;
          f += peepholes[2 * hidden + j] * cell;
        }
        i = TMB_F(tmb_recurrent_clip(i, p), p);
        f = p->input_forget ? 1.0f - i : TMB_F(tmb_recurrent_clip(f, p), p);
        cell = f * cell + i * TMB_G(tmb_recurrent_clip(gate_c[j], p), p);
        if (p->has_peepholes)
          o += peepholes[hidden + j] * cell;
        o = TMB_F(tmb_recurrent_clip(o, p), p);
        c[j] = cell;
        h[j] = o * TMB_H(cell, p);
      }
      tmb_recurrent_store(h, y, t, n, p);
    }
    tmb_recurrent_clear(y, length, n, p);
  }
}

#undef TMB_KERNEL
#undef TMB_F
#undef TMB_G
#undef TMB_H
