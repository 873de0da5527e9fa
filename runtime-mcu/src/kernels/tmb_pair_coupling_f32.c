/* SPDX-License-Identifier: MIT */
/* Probabilities of classes from those of pairs: Wu, Lin, Weng (2004), second method, stopped as LIBSVM stops it. */
#include "thimble/tmb_kernels.h"

/* q[i][j]: the quadratic form that the probabilities minimize. */
static void tmb_pair_coupling_form(const float *pairs, float *q, int32_t n) {
  int32_t i, j;
  for (i = 0; i < n; ++i)
    q[i * n + i] = 0.0f;
  for (i = 0; i < n; ++i) {
    for (j = i + 1; j < n; ++j) {
      const float for_i = *pairs++;
      const float for_j = 1.0f - for_i;
      q[i * n + i] += for_j * for_j;
      q[j * n + j] += for_i * for_i;
      q[i * n + j] = -for_i * for_j;
      q[j * n + i] = -for_i * for_j;
    }
  }
}

/* qp = q p, and p^T q p. */
static float tmb_pair_coupling_product(const float *q, const float *p, float *qp, int32_t n) {
  float total = 0.0f;
  int32_t i, j;
  for (i = 0; i < n; ++i) {
    qp[i] = 0.0f;
    for (j = 0; j < n; ++j)
      qp[i] += q[i * n + j] * p[j];
    total += p[i] * qp[i];
  }
  return total;
}

static float tmb_pair_coupling_error(const float *qp, float total, int32_t n) {
  float most = 0.0f;
  int32_t i;
  for (i = 0; i < n; ++i) {
    const float error = qp[i] > total ? qp[i] - total : total - qp[i];
    most = error > most ? error : most;
  }
  return most;
}

/* One round of updates, a class after the other. */
static void tmb_pair_coupling_round(const float *q, float *p, float *qp, float total, int32_t n) {
  int32_t i, j;
  for (i = 0; i < n; ++i) {
    const float diagonal = q[i * n + i];
    const float step = (total - qp[i]) / diagonal;
    const float norm = 1.0f + step;
    p[i] += step;
    total = (total + step * (step * diagonal + 2.0f * qp[i])) / norm / norm;
    for (j = 0; j < n; ++j) {
      qp[j] = (qp[j] + step * q[i * n + j]) / norm;
      p[j] /= norm;
    }
  }
}

void tmb_pair_coupling_f32(const float *pairs, float *y, void *scratch, const tmb_pair_coupling_params *p) {
  const int32_t n = p->classes;
  const float enough = 0.005f / (float)n;
  float *const q = (float *)scratch;
  float *const qp = q + n * n;
  int32_t row, i, round;
  for (row = 0; row < p->rows; ++row) {
    tmb_pair_coupling_form(pairs, q, n);
    for (i = 0; i < n; ++i)
      y[i] = 1.0f / (float)n;
    for (round = 0; round < 100; ++round) {
      const float total = tmb_pair_coupling_product(q, y, qp, n);
      if (tmb_pair_coupling_error(qp, total, n) < enough)
        break;
      tmb_pair_coupling_round(q, y, qp, total, n);
    }
    pairs += n * (n - 1) / 2;
    y += n;
  }
}
