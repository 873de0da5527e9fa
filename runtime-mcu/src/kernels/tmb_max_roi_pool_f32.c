/* SPDX-License-Identifier: MIT */
/* Maxima of the bins of regions of interest, float32. */
#include "thimble/tmb_kernels.h"

/* To the nearest integer, halves away from zero; what is far away stays far away. */
static int32_t tmb_roi_round(float value) {
  const float limit = 1e8f;
  if (!(value > -limit))
    return -(int32_t)limit;
  if (value > limit)
    return (int32_t)limit;
  return (int32_t)(value < 0.0f ? value - 0.5f : value + 0.5f);
}

/* Where bin `bin` of a region of `size` positions from `start` begins (its end: the next one's, rounded up), inside the image. */
static int32_t tmb_roi_edge(int32_t bin, int32_t size, int32_t bins, int32_t start, int32_t limit, int32_t up) {
  const int64_t scaled = (int64_t)bin * size;
  const int64_t edge = start + (scaled + (up ? bins - 1 : 0)) / bins;
  return edge < 0 ? 0 : edge < limit ? (int32_t)edge : limit;
}

void tmb_max_roi_pool_f32(const float *x, const float *rois, float *y, const tmb_roi_params *p) {
  const int32_t image = p->in_h * p->in_w;
  int32_t r, c, oy, ox, iy, ix;
  for (r = 0; r < p->regions; ++r) {
    const float *roi = rois + 5 * r;
    const int32_t given = tmb_roi_round(roi[0]);
    const int32_t n = given < 0 ? 0 : given < p->batch ? given : p->batch - 1;
    const int32_t x1 = tmb_roi_round(roi[1] * p->scale), y1 = tmb_roi_round(roi[2] * p->scale);
    const int32_t x2 = tmb_roi_round(roi[3] * p->scale), y2 = tmb_roi_round(roi[4] * p->scale);
    const int32_t width = x2 < x1 ? 1 : x2 - x1 + 1, height = y2 < y1 ? 1 : y2 - y1 + 1;
    for (c = 0; c < p->channels; ++c) {
      const float *plane = x + (n * p->channels + c) * image;
      for (oy = 0; oy < p->out_h; ++oy) {
        const int32_t top = tmb_roi_edge(oy, height, p->out_h, y1, p->in_h, 0);
        const int32_t bottom = tmb_roi_edge(oy + 1, height, p->out_h, y1, p->in_h, 1);
        for (ox = 0; ox < p->out_w; ++ox) {
          const int32_t left = tmb_roi_edge(ox, width, p->out_w, x1, p->in_w, 0);
          const int32_t right = tmb_roi_edge(ox + 1, width, p->out_w, x1, p->in_w, 1);
          float best = 0.0f;
          for (iy = top; iy < bottom; ++iy)
            for (ix = left; ix < right; ++ix)
              if ((iy == top && ix == left) || plane[iy * p->in_w + ix] > best)
                best = plane[iy * p->in_w + ix];
          *y++ = best;
        }
      }
    }
  }
}
