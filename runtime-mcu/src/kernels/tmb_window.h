/* SPDX-License-Identifier: MIT */
/* Where a convolution or pooling window meets the image, so that inner loops need no bounds checks. */
#ifndef TMB_WINDOW_H
#define TMB_WINDOW_H

#include <stdint.h>

/* One axis of a window: tap t reads position start + t * dilation, which is inside the image for begin <= t < end. */
typedef struct tmb_taps {
  int32_t start;
  int32_t begin, end;
} tmb_taps;

/* The window of `taps` taps that starts at position `start` (negative: in the padding) of an image of `size` positions. */
static inline tmb_taps tmb_taps_inside(int32_t start, int32_t size, int32_t dilation, int32_t taps) {
  tmb_taps result;
  result.start = start;
  result.begin = start < 0 ? (dilation - 1 - start) / dilation : 0;
  result.end = start < size ? (size - start + dilation - 1) / dilation : 0;
  if (result.end > taps)
    result.end = taps;
  if (result.begin > result.end)
    result.begin = result.end; /* the window misses the image */
  return result;
}

/* The positions along an axis that divide an average: the taps inside the image or, if count_padding, inside the image with
 * `before` and `after` positions of padding. */
static inline int32_t tmb_taps_count(tmb_taps taps, int32_t size, int32_t dilation, int32_t kernel, int32_t count_padding,
                                     int32_t before, int32_t after) {
  if (count_padding)
    taps = tmb_taps_inside(taps.start + before, before + size + after, dilation, kernel);
  return taps.end - taps.begin;
}

#endif
