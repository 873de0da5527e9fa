/* SPDX-License-Identifier: MIT */
/* 2-D average pooling, int8, with the vector instructions of Armv8.1-M. */
#include <arm_mve.h>

#include "thimble/tmb_kernels.h"
#include "tmb_window.h"

/* Divides by the number of positions without a division for each channel. */
typedef struct tmb_mve_average {
  int32_t start;            /* 128 for each position, and what the padding adds */
  uint32_t count, divisor;  /* positions, and twice as many */
  uint32_t reciprocal;      /* 2^32 / divisor, rounded down */
} tmb_mve_average;

/* floor(sum / count + 1/2) of four sums: the quotient of positive numbers below 2^31 is at most 1 too small. */
static inline int32x4_t tmb_mve_average_divide(int32x4_t sum, const tmb_mve_average *by) {
  const uint32x4_t raised = vreinterpretq_u32_s32(vaddq_n_s32(sum, by->start));
  const uint32x4_t twice = vaddq_n_u32(vaddq_u32(raised, raised), by->count);
  uint32x4_t quotient = vmulhq_u32(twice, vdupq_n_u32(by->reciprocal));
  const uint32x4_t rest = vsubq_u32(twice, vmulq_n_u32(quotient, by->divisor));
  quotient = vaddq_m_n_u32(quotient, quotient, 1, vcmpcsq_n_u32(rest, by->divisor));
  return vaddq_n_s32(vreinterpretq_s32_u32(quotient), -128);
}

/* Up to eight channels of the taps inside the image, whose first is at x: sums of 255 of them fit in 16 bits. */
static inline void tmb_mve_average_few(const int8_t *x, int8_t *y, int32_t rows, int32_t cols, mve_pred16_t some,
                                       const tmb_mve_average *by, const tmb_pool2d_params *p) {
  const int32_t row_step = p->dilation_h * p->in_w * p->channels, step = p->dilation_w * p->channels;
  int16x8_t acc = vdupq_n_s16(0), even, odd;
  int32_t kx;
  for (; rows > 0; --rows, x += row_step) {
    const int8_t *pixel = x;
    for (kx = cols; kx > 0; --kx, pixel += step)
      acc = vaddq_s16(acc, vldrbq_z_s16(pixel, some));
  }
  even = vreinterpretq_s16_s32(tmb_mve_average_divide(vmovlbq_s16(acc), by));
  odd = vreinterpretq_s16_s32(tmb_mve_average_divide(vmovltq_s16(acc), by));
  vstrbq_p_s16(y, vmovntq_s32(even, vreinterpretq_s32_s16(odd)), some);
}

/* Up to four channels of any number of taps. */
static void tmb_mve_average_many(const int8_t *x, int8_t *y, int32_t rows, int32_t cols, mve_pred16_t some,
                                 const tmb_mve_average *by, const tmb_pool2d_params *p) {
  const int32_t row_step = p->dilation_h * p->in_w * p->channels, step = p->dilation_w * p->channels;
  int32x4_t acc = vdupq_n_s32(0);
  int32_t kx;
  for (; rows > 0; --rows, x += row_step) {
    const int8_t *pixel = x;
    for (kx = cols; kx > 0; --kx, pixel += step)
      acc = vaddq_s32(acc, vldrbq_z_s32(pixel, some));
  }
  vstrbq_p_s32(y, tmb_mve_average_divide(acc, by), some);
}

/* One output position: `count` positions, those inside the image by rows and cols, the others reading as zero_point. */
static void tmb_average_position(const int8_t *x, int8_t *y, tmb_taps rows, tmb_taps cols, int32_t count,
                                 const tmb_pool2d_params *p) {
  const int32_t channels = p->channels, height = rows.end - rows.begin, width = cols.end - cols.begin;
  tmb_mve_average by;
  int32_t left;
  if (height * width > 0) /* else nothing is read */
    x += ((rows.start + rows.begin * p->dilation_h) * p->in_w + cols.start + cols.begin * p->dilation_w) * channels;
  by.start = count > 0 ? 128 * count + (count - height * width) * p->zero_point : 128 + p->zero_point;
  by.count = count > 0 ? (uint32_t)count : 1;
  by.divisor = 2 * by.count;
  by.reciprocal = UINT32_MAX / by.divisor;
  if (height * width < 256)
    for (left = channels; left > 0; left -= 8, x += 8, y += 8)
      tmb_mve_average_few(x, y, height, width, vctp16q((uint32_t)left), &by, p);
  else
    for (left = channels; left > 0; left -= 4, x += 4, y += 4)
      tmb_mve_average_many(x, y, height, width, vctp32q((uint32_t)left), &by, p);
}

#define TMB_KERNEL tmb_average_pool2d_s8
#define TMB_ELEMENT int8_t
#include "tmb_average_pool_loop.h"
