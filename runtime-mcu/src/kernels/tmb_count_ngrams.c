/* SPDX-License-Identifier: MIT */
/* Counts n-grams in rows of integers. */
#include "thimble/tmb_kernels.h"

/* Whether the elements of an n-gram stand at row[0], row[step], ... */
static int tmb_ngram_matches(const int64_t *row, int32_t step, const int64_t *gram, int32_t length) {
  int32_t i;
  for (i = 0; i < length; ++i)
    if (row[i * step] != gram[i])
      return 0;
  return 1;
}

void tmb_count_ngrams(const int64_t *x, const int64_t *pool, const int32_t *grams, float *y, const tmb_ngrams_params *p) {
  int32_t r, g, step, start;
  for (r = 0; r < p->rows; ++r) {
    const int64_t *row = x + r * p->cols;
    float *counts = y + r * p->size;
    for (g = 0; g < p->size; ++g)
      counts[g] = 0.0f;
    for (g = 0; g < p->count; ++g) {
      const int32_t length = grams[3 * g];
      const int32_t last_step = length > 1 ? p->max_skip + 1 : 1;
      for (step = 1; step <= last_step && (length - 1) * step < p->cols; ++step)
        for (start = 0; start + (length - 1) * step < p->cols; ++start)
          if (tmb_ngram_matches(row + start, step, pool + grams[3 * g + 1], length))
            counts[grams[3 * g + 2]] += 1.0f;
    }
  }
}
