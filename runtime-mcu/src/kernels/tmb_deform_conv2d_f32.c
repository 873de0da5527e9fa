/* SPDX-License-Identifier: MIT */
/* 2-D convolution with taps that offsets move, float32. */
#include "thimble/tmb_kernels.h"
#include "tmb_bilinear_f32.h"

/* What output channel o of image n reads at output position (oy, ox). */
static float tmb_deform_conv2d_sum(const float *x, const float *w, const float *offset, const float *mask, int32_t o, int32_t oy,
                                   int32_t ox, const tmb_deform_conv2d_params *p) {
  const int32_t depth = p->in_c / p->groups, first = o / (p->out_c / p->groups) * depth;
  const int32_t taps = p->kernel_h * p->kernel_w, plane = p->out_h * p->out_w, at = oy * p->out_w + ox;
  float sum = 0.0f;
  int32_t c, k;
  for (c = 0; c < depth; ++c) {
    const int32_t group = (first + c) / (p->in_c / p->offset_groups);
    for (k = 0; k < taps; ++k) {
      const int32_t tap = group * taps + k;
      const float y = (float)(oy * p->stride_h - p->pad_top + k / p->kernel_w * p->dilation_h) + offset[2 * tap * plane + at];
      const float z =
          (float)(ox * p->stride_w - p->pad_left + k % p->kernel_w * p->dilation_w) + offset[(2 * tap + 1) * plane + at];
      const tmb_bilinear where = tmb_bilinear_at(y, z, p->in_h, p->in_w, 1);
      const float value = tmb_bilinear_read(x + (first + c) * p->in_h * p->in_w, &where);
      sum += value * w[(o * depth + c) * taps + k] * (p->has_mask ? mask[tap * plane + at] : 1.0f);
    }
  }
  return sum;
}

void tmb_deform_conv2d_f32(const float *x, const float *w, const float *offset, const float *bias, const float *mask, float *y,
                           const tmb_deform_conv2d_params *p) {
  const int32_t taps = p->offset_groups * p->kernel_h * p->kernel_w * p->out_h * p->out_w;
  int32_t n, o, oy, ox;
  for (n = 0; n < p->batch; ++n) {
    for (o = 0; o < p->out_c; ++o)
      for (oy = 0; oy < p->out_h; ++oy)
        for (ox = 0; ox < p->out_w; ++ox)
          *y++ = tmb_deform_conv2d_sum(x, w, offset, mask, o, oy, ox, p) + (p->has_bias ? bias[o] : 0.0f);
    x += p->in_c * p->in_h * p->in_w;
    offset += 2 * taps;
    if (p->has_mask)
      mask += taps;
  }
}
