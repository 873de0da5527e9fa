/* SPDX-License-Identifier: MIT */
/* Regions of interest, bilinearly sampled and pooled, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_bilinear_f32.h"

/* Samples along a bin of this size. */
static int32_t tmb_roi_samples(float bin, int32_t samples) {
  const float limit = 4096.0f;
  int32_t whole;
  if (samples > 0)
    return samples;
  if (!(bin > 0.0f))
    return 0;
  if (bin > limit)
    bin = limit;
  whole = (int32_t)bin;
  return (float)whole < bin ? whole + 1 : whole;
}

/* One bin of one channel: the mean of its samples, or the largest weighted neighbour. */
static float tmb_roi_bin(const float *x, float y0, float x0, float bin_h, float bin_w, const tmb_roi_params *p) {
  const int32_t rows = tmb_roi_samples(bin_h, p->samples), cols = tmb_roi_samples(bin_w, p->samples);
  float sum = 0.0f, best = 0.0f;
  int32_t iy, ix, k;
  for (iy = 0; iy < rows; ++iy) {
    for (ix = 0; ix < cols; ++ix) {
      const float at_y = y0 + ((float)iy + 0.5f) * bin_h / (float)rows, at_x = x0 + ((float)ix + 0.5f) * bin_w / (float)cols;
      const tmb_bilinear at = tmb_bilinear_at(at_y, at_x, p->in_h, p->in_w, 0);
      if (!p->maximum)
        sum += tmb_bilinear_read(x, &at);
      for (k = 0; k < 4 && p->maximum; ++k) {
        const float value = at.weight[k] * x[at.offset[k]];
        if ((iy == 0 && ix == 0 && k == 0) || value > best)
          best = value;
      }
    }
  }
  return p->maximum ? best : rows * cols > 0 ? sum / (float)(rows * cols) : 0.0f;
}

void tmb_roi_align_f32(const float *x, const float *rois, const int64_t *batches, float *y, const tmb_roi_params *p) {
  const int32_t image = p->in_h * p->in_w;
  const float shift = p->half_pixel ? 0.5f : 0.0f;
  int32_t r, c, oy, ox;
  for (r = 0; r < p->regions; ++r) {
    const float *roi = rois + 4 * r;
    const float x1 = roi[0] * p->scale - shift, y1 = roi[1] * p->scale - shift;
    float width = roi[2] * p->scale - shift - x1, height = roi[3] * p->scale - shift - y1;
    const int64_t given = batches[r];
    const int32_t n = given < 0 ? 0 : given < p->batch ? (int32_t)given : p->batch - 1;
    if (!p->half_pixel) {
      width = width < 1.0f ? 1.0f : width;
      height = height < 1.0f ? 1.0f : height;
    }
    for (c = 0; c < p->channels; ++c) {
      const float bin_h = height / (float)p->out_h, bin_w = width / (float)p->out_w;
      for (oy = 0; oy < p->out_h; ++oy)
        for (ox = 0; ox < p->out_w; ++ox)
          *y++ = tmb_roi_bin(x + (n * p->channels + c) * image, y1 + (float)oy * bin_h, x1 + (float)ox * bin_w, bin_h, bin_w, p);
    }
  }
}
