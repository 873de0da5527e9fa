/* SPDX-License-Identifier: MIT */
/* The four neighbours of a position between the elements of an image, float32. */
#ifndef TMB_BILINEAR_F32_H
#define TMB_BILINEAR_F32_H

#include <stdint.h>

typedef struct tmb_bilinear {
  int32_t offset[4]; /* in the image; 0 where the weight is 0 */
  float weight[4];
} tmb_bilinear;

/* Of the position (y, x) in an image of height h and width w. Neighbours outside count as 0 if `zeros`; else what is less than an
 * element outside reads the edge, and what is farther away is 0. */
static inline tmb_bilinear tmb_bilinear_at(float y, float x, int32_t h, int32_t w, int32_t zeros) {
  tmb_bilinear result = {{0, 0, 0, 0}, {0.0f, 0.0f, 0.0f, 0.0f}};
  int32_t low_y, low_x, i;
  float part_y, part_x;
  if (!(y > -1.0f && y < (float)h && x > -1.0f && x < (float)w) &&
      (zeros || !(y >= -1.0f && y <= (float)h && x >= -1.0f && x <= (float)w)))
    return result;
  if (!zeros) {
    y = y < 0.0f ? 0.0f : y > (float)(h - 1) ? (float)(h - 1) : y;
    x = x < 0.0f ? 0.0f : x > (float)(w - 1) ? (float)(w - 1) : x;
  }
  low_y = y < 0.0f ? -1 : (int32_t)y;
  low_x = x < 0.0f ? -1 : (int32_t)x;
  part_y = y - (float)low_y;
  part_x = x - (float)low_x;
  for (i = 0; i < 4; ++i) {
    const int32_t at_y = low_y + i / 2, at_x = low_x + i % 2;
    if (at_y < 0 || at_y >= h || at_x < 0 || at_x >= w)
      continue;
    result.offset[i] = at_y * w + at_x;
    result.weight[i] = (i / 2 ? part_y : 1.0f - part_y) * (i % 2 ? part_x : 1.0f - part_x);
  }
  return result;
}

static inline float tmb_bilinear_read(const float *x, const tmb_bilinear *at) {
  return at->weight[0] * x[at->offset[0]] + at->weight[1] * x[at->offset[1]] + at->weight[2] * x[at->offset[2]] +
         at->weight[3] * x[at->offset[3]];
}

#endif
