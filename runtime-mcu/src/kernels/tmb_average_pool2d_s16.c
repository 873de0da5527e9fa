/* SPDX-License-Identifier: MIT */
/* 2-D average pooling, int16. */
#include "thimble/tmb_kernels.h"
#include "tmb_window.h"

/* Channels that are summed together, in 32 bits each. */
#define TMB_CHUNK 16

/* floor(sum / count + 1/2) for sums of `count` int16 values. */
static int16_t tmb_average_pool2d_s16_divide(int32_t sum, uint32_t count) {
  const uint32_t raised = (uint32_t)sum + 32768u * count; /* not negative, so that division rounds down */
  uint32_t quotient = raised / count;
  const uint32_t remainder = raised - quotient * count;
  if (remainder >= count - remainder)
    ++quotient;
  return (int16_t)((int32_t)quotient - 32768);
}

/* One output position: `count` positions, those inside the image by rows and cols, the others reading as zero_point. */
static void tmb_average_pool2d_s16_position(const int16_t *x, int16_t *y, tmb_taps rows, tmb_taps cols, int32_t count,
                                           const tmb_pool2d_params *p) {
  const int32_t channels = p->channels, zero_point = p->zero_point;
  const int32_t padding = count - (rows.end - rows.begin) * (cols.end - cols.begin);
  int32_t c, j, ky, kx;
  for (c = 0; c < channels; c += TMB_CHUNK) {
    const int32_t lanes = channels - c < TMB_CHUNK ? channels - c : TMB_CHUNK;
    int32_t acc[TMB_CHUNK];
    for (j = 0; j < lanes; ++j)
      acc[j] = padding * zero_point;
    for (ky = rows.begin; ky < rows.end; ++ky) {
      for (kx = cols.begin; kx < cols.end; ++kx) {
        const int32_t row = rows.start + ky * p->dilation_h, col = cols.start + kx * p->dilation_w;
        const int16_t *pixel = x + (row * p->in_w + col) * channels + c;
        for (j = 0; j < lanes; ++j)
          acc[j] += pixel[j];
      }
    }
    for (j = 0; j < lanes; ++j)
      y[c + j] = count > 0 ? tmb_average_pool2d_s16_divide(acc[j], (uint32_t)count) : (int16_t)zero_point;
  }
}

void tmb_average_pool2d_s16(const int16_t *x, int16_t *y, const tmb_pool2d_params *p) {
  int32_t n, oy, ox;
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * p->channels) {
    for (oy = 0; oy < p->out_h; ++oy) {
      const tmb_taps rows = tmb_taps_inside(oy * p->stride_h - p->pad_top, p->in_h, p->dilation_h, p->kernel_h);
      const int32_t row_count =
          tmb_taps_count(rows, p->in_h, p->dilation_h, p->kernel_h, p->count_include_pad, p->pad_top, p->pad_bottom);
      for (ox = 0; ox < p->out_w; ++ox, y += p->channels) {
        const tmb_taps cols = tmb_taps_inside(ox * p->stride_w - p->pad_left, p->in_w, p->dilation_w, p->kernel_w);
        const int32_t col_count =
            tmb_taps_count(cols, p->in_w, p->dilation_w, p->kernel_w, p->count_include_pad, p->pad_left, p->pad_right);
        const int32_t count = row_count * col_count;
        tmb_average_pool2d_s16_position(x, y, rows, cols, count, p);
      }
    }
  }
}
