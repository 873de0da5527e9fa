/* SPDX-License-Identifier: MIT */
/* An image of up to three dimensions read at the positions of a grid, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_walk.h"

/* What one position reads along one dimension: up to four elements, -1 for a zero outside, with their weights. */
typedef struct tmb_sample_taps {
  int32_t count;
  int32_t index[4];
  float weight[4];
} tmb_sample_taps;

static int32_t tmb_sample_floor(float x) {
  const int32_t whole = (int32_t)x;
  return (float)whole > x ? whole - 1 : whole;
}

/* Keys' cubic convolution at distance d >= 0. */
static float tmb_sample_cubic(float d) {
  const float a = -0.75f;
  if (d <= 1.0f)
    return ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f;
  return d < 2.0f ? ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a : 0.0f;
}

/* Element `index` of `size`, or what stands for it if it is outside: -1 for zero. */
static int32_t tmb_sample_inside(int32_t index, int32_t size, const tmb_grid_sample_params *p) {
  int32_t period, place;
  if (index >= 0 && index < size)
    return index;
  if (p->border == TMB_SAMPLE_ZEROS)
    return -1;
  if (p->border == TMB_SAMPLE_EDGE)
    return index < 0 ? 0 : size - 1;
  period = p->align_corners ? 2 * size - 2 : 2 * size; /* about the outer elements, or about their borders */
  if (period == 0)
    return 0;
  place = index % period;
  if (place < 0)
    place += period;
  return place < size ? place : p->align_corners ? period - place : period - 1 - place;
}

static void tmb_sample_read(float coordinate, int32_t size, tmb_sample_taps *taps, const tmb_grid_sample_params *p) {
  const float limit = 1e9f; /* fits 32 bits */
  float x = p->align_corners ? (coordinate + 1.0f) * 0.5f * (float)(size - 1) : ((coordinate + 1.0f) * (float)size - 1.0f) * 0.5f;
  float part;
  int32_t base, t;
  if (!(x > -limit)) /* NaN as well */
    x = -limit;
  if (x > limit)
    x = limit;
  base = tmb_sample_floor(x);
  part = x - (float)base;
  taps->count = p->mode == TMB_SAMPLE_NEAREST ? 1 : p->mode == TMB_SAMPLE_LINEAR ? 2 : 4;
  if (p->mode == TMB_SAMPLE_NEAREST) {
    base += part > 0.5f || (part == 0.5f && base % 2 != 0);
    taps->weight[0] = 1.0f;
  } else if (p->mode == TMB_SAMPLE_LINEAR) {
    taps->weight[0] = 1.0f - part;
    taps->weight[1] = part;
  } else {
    --base;
    taps->weight[0] = tmb_sample_cubic(part + 1.0f);
    taps->weight[1] = tmb_sample_cubic(part);
    taps->weight[2] = tmb_sample_cubic(1.0f - part);
    taps->weight[3] = tmb_sample_cubic(2.0f - part);
  }
  for (t = 0; t < taps->count; ++t)
    taps->index[t] = tmb_sample_inside(base + t, size, p);
}

/* The weighted sum of the elements that the taps name. */
static float tmb_sample_sum(const float *x, const tmb_sample_taps *taps, const tmb_grid_sample_params *p) {
  int32_t counts[3], tap[3] = {0, 0, 0};
  float sum = 0.0f;
  int32_t d;
  for (d = 0; d < p->rank; ++d)
    counts[d] = taps[d].count;
  do {
    float weight = 1.0f;
    int32_t offset = 0, inside = 1;
    for (d = 0; d < p->rank; ++d) {
      const int32_t index = taps[d].index[tap[d]];
      inside = inside && index >= 0;
      offset = offset * p->in_dims[d] + index;
      weight *= taps[d].weight[tap[d]];
    }
    if (inside)
      sum += weight * x[offset];
  } while (tmb_walk_next(p->rank, counts, tap));
  return sum;
}

void tmb_grid_sample_f32(const float *x, const float *grid, float *y, const tmb_grid_sample_params *p) {
  const int32_t image = tmb_walk_count(p->rank, p->in_dims);
  int32_t n, c, i, d;
  for (n = 0; n < p->batch; ++n) {
    for (i = 0; i < p->out_count; ++i) {
      tmb_sample_taps taps[3];
      for (d = 0; d < p->rank; ++d)
        tmb_sample_read(grid[p->rank - 1 - d], p->in_dims[d], &taps[d], p);
      for (c = 0; c < p->channels; ++c)
        y[c * p->out_count + i] = tmb_sample_sum(x + c * image, taps, p);
      grid += p->rank;
    }
    x += p->channels * image;
    y += p->channels * p->out_count;
  }
}
