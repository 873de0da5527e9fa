/* SPDX-License-Identifier: MIT */
/* Long short-term memory, int8 weights and 16-bit states. */
#include "tmb_recurrent_s8.h"

#include "tmb_lstm_update_s8.h"

/* Constants of a block of four units: of each unit bias and two multipliers for i, then for o, f and c. */
#define TMB_LSTM_CONSTANTS 48

/* One time step: the state to next, c in place. */
static void tmb_lstm_step(const int32_t *w, const int32_t *k, const tmb_recurrent_vectors *now, int16_t *c, int16_t *next,
                          const tmb_recurrent_s8_params *p) {
  const int16_t *end = next + (now->h_end - now->h);
  for (; next != end; next += 4, c += 4, k += TMB_LSTM_CONSTANTS) {
    int32_t gates[16];
    w = tmb_recurrent_gates(now, w, k, p->x_shift, gates, 4);
    tmb_lstm_update(gates, c, next);
  }
}

void tmb_lstm_s8(const int8_t *x, const int32_t *w, const int32_t *k, const void *initial_h, const void *initial_c, int8_t *y,
                 void *y_h, void *y_c, void *scratch, const tmb_recurrent_s8_params *p) {
  const int32_t x_depth = tmb_recurrent_padded(p->input), h_depth = tmb_recurrent_padded(p->hidden), hidden = p->hidden;
  int16_t *input = (int16_t *)scratch, *h = input + x_depth, *next = h + h_depth, *c = next + h_depth;
  int32_t b, step, i;
  for (b = 0; b < p->batch; ++b) {
    tmb_recurrent_start(initial_h, b, h, p->has_initial_h, p->h_zero_point, p->h_multiplier, p->h_start_shift, p);
    tmb_recurrent_start(initial_c, b, c, p->has_initial_c, p->c_zero_point, p->c_multiplier, p->c_start_shift, p);
    for (step = 0; step < p->time; ++step) {
      const int32_t t = p->reverse ? p->time - 1 - step : step;
      tmb_recurrent_vectors now;
      int16_t *previous = h;
      now.x = input;
      now.x_end = input + x_depth;
      now.h = h;
      now.h_end = h + h_depth;
      tmb_recurrent_load(x + (t * p->batch + b) * p->input, input, p);
      tmb_lstm_step(w, k, &now, c, next, p);
      h = next;
      next = previous;
      if (!p->last_only)
        tmb_recurrent_store(h, y + (t * p->batch + b) * hidden, hidden);
    }
    tmb_recurrent_store_last(h, y_h, b, p);
    if (p->wide_states) {
      tmb_recurrent_store_last(c, y_c, b, p);
      continue;
    }
    for (i = 0; i < hidden; ++i)
      ((int8_t *)y_c)[b * hidden + i] = (int8_t)tmb_clamp_s32(
          tmb_requantize(c[i], p->c_out_multiplier, p->c_out_shift, p->c_out_zero_point), INT8_MIN, INT8_MAX);
  }
}
