/* SPDX-License-Identifier: MIT */
/* Gated recurrent unit, int8 weights and a 16-bit state. */
#include "tmb_recurrent_s8.h"

#include "tmb_gru_update_s8.h"

/* Constants of a block of four units: of each unit bias and two multipliers for z, the same for r, and for n bias, two multipliers,
 * and the bias of the recurrent part. */
#define TMB_GRU_CONSTANTS 40

typedef struct tmb_gru_state {
  tmb_recurrent_vectors now;
  int16_t *gated; /* r * h; only if the reset comes before the product */
  int16_t *next;
} tmb_gru_state;

/* The state behind the reset gate, for all units: what the candidate's weights multiply. */
static void tmb_gru_reset(const int32_t *w, const int32_t *k, const tmb_gru_state *s, const tmb_recurrent_s8_params *p) {
  const int16_t *h = s->now.h;
  const int32_t gate = (int32_t)(s->now.x_end - s->now.x) + (int32_t)(s->now.h_end - h);
  int16_t *gated = s->gated;
  for (; h != s->now.h_end; h += 4, gated += 4, w += 3 * gate, k += TMB_GRU_CONSTANTS) {
    int32_t r[4], j;
    tmb_recurrent_gates(&s->now, w + gate, k + 12, p->x_shift, r, 1);
    for (j = 0; j < 4; ++j)
      gated[j] = (int16_t)((tmb_recurrent_sigmoid(r[j]) * h[j] + 16384) >> 15);
  }
}

/* One time step. */
static void tmb_gru_step(const int32_t *w, const int32_t *k, const tmb_gru_state *s, const tmb_recurrent_s8_params *p) {
  const int16_t *h = s->now.h, *end = s->now.h_end;
  const int32_t gate = (int32_t)(s->now.x_end - s->now.x) + (int32_t)(end - h), x_shift = p->x_shift;
  int16_t *next = s->next;
  tmb_gru_units units;
  if (p->linear_before_reset) {
    for (; h != end; h += 4, next += 4, k += TMB_GRU_CONSTANTS) {
      w = tmb_recurrent_gates(&s->now, w, k, x_shift, units.gates, 2);
      w = tmb_recurrent_sums_s8(&s->now, w, units.sums);
      tmb_gru_update(&units, k + 24, h, next, x_shift, 1);
    }
  } else {
    tmb_recurrent_vectors candidate = s->now;
    candidate.h = s->gated;
    candidate.h_end = s->gated + (end - h);
    for (; h != end; h += 4, next += 4, k += TMB_GRU_CONSTANTS) {
      w = tmb_recurrent_gates(&s->now, w, k, x_shift, units.gates, 1) + gate;
      w = tmb_recurrent_sums_s8(&candidate, w, units.sums);
      tmb_gru_update(&units, k + 24, h, next, x_shift, 0);
    }
  }
}

void tmb_gru_s8(const int8_t *x, const int32_t *w, const int32_t *k, const void *initial_h, int8_t *y, void *y_h, void *scratch,
                const tmb_recurrent_s8_params *p) {
  const int32_t x_depth = tmb_recurrent_padded(p->input), h_depth = tmb_recurrent_padded(p->hidden), hidden = p->hidden;
  int16_t *input = (int16_t *)scratch, *h = input + x_depth, *next = h + h_depth;
  int32_t b, step;
  for (b = 0; b < p->batch; ++b) {
    tmb_recurrent_start(initial_h, b, h, p->has_initial_h, p->h_zero_point, p->h_multiplier, p->h_start_shift, p);
    for (step = 0; step < p->time; ++step) {
      const int32_t t = p->reverse ? p->time - 1 - step : step;
      tmb_gru_state s;
      int16_t *previous = h;
      s.now.x = input;
      s.now.x_end = input + x_depth;
      s.now.h = h;
      s.now.h_end = h + h_depth;
      s.gated = input + x_depth + 2 * h_depth;
      s.next = next;
      tmb_recurrent_load(x + (t * p->batch + b) * p->input, input, p);
      if (!p->linear_before_reset)
        tmb_gru_reset(w, k, &s, p);
      tmb_gru_step(w, k, &s, p);
      h = next;
      next = previous;
      if (!p->last_only)
        tmb_recurrent_store(h, y + (t * p->batch + b) * hidden, hidden);
    }
    tmb_recurrent_store_last(h, y_h, b, p);
  }
}
