/* SPDX-License-Identifier: MIT */
/* Discrete Fourier transform along an axis, float32: radix 2 for powers of two, else the sum as it is defined. */
#include "thimble/tmb_kernels.h"

/* A signal along the axis of x. */
typedef struct tmb_dft_signal {
  const float *x;
  int32_t stride; /* floats from one sample to the next */
  int32_t count;  /* samples; later ones are 0 */
  int32_t is_complex;
} tmb_dft_signal;

static float tmb_dft_real(const tmb_dft_signal *s, int32_t n) { return n < s->count ? s->x[n * s->stride] : 0.0f; }
static float tmb_dft_imaginary(const tmb_dft_signal *s, int32_t n) {
  return s->is_complex && n < s->count ? s->x[n * s->stride + 1] : 0.0f;
}

/* The sum for one bin. twiddles[k] = cos(2 pi k / size), -sin(2 pi k / size). */
static void tmb_dft_bin(const tmb_dft_signal *s, const float *twiddles, int32_t bin, float *y, const tmb_dft_params *p) {
  const float sign = p->inverse ? -1.0f : 1.0f;
  float real = 0.0f, imaginary = 0.0f;
  int32_t at = 0; /* bin * n modulo size */
  int32_t n;
  for (n = 0; n < p->size; ++n) {
    const float c = twiddles[2 * at], d = sign * twiddles[2 * at + 1];
    const float a = tmb_dft_real(s, n), b = tmb_dft_imaginary(s, n);
    real += a * c - b * d;
    imaginary += a * d + b * c;
    at = at >= p->size - bin ? at - (p->size - bin) : at + bin;
  }
  y[0] = real;
  y[1] = imaginary;
}

/* All bins, into work[size][2]. */
static void tmb_dft_radix2(const tmb_dft_signal *s, const float *twiddles, float *work, const tmb_dft_params *p) {
  const float sign = p->inverse ? -1.0f : 1.0f;
  int32_t reversed = 0;
  int32_t n, half, bit, start;
  for (n = 0; n < p->size; ++n) {
    work[2 * reversed] = tmb_dft_real(s, n);
    work[2 * reversed + 1] = tmb_dft_imaginary(s, n);
    for (bit = p->size >> 1; bit > 0 && (reversed & bit) != 0; bit >>= 1)
      reversed ^= bit;
    reversed |= bit;
  }
  for (half = 1; half < p->size; half *= 2) {
    const int32_t step = p->size / (2 * half);
    for (start = 0; start < p->size; start += 2 * half)
      for (n = 0; n < half; ++n) {
        float *a = work + 2 * (start + n), *b = a + 2 * half;
        const float c = twiddles[2 * n * step], d = sign * twiddles[2 * n * step + 1];
        const float real = b[0] * c - b[1] * d, imaginary = b[0] * d + b[1] * c;
        b[0] = a[0] - real;
        b[1] = a[1] - imaginary;
        a[0] += real;
        a[1] += imaginary;
      }
  }
}

void tmb_dft_f32(const float *x, const float *twiddles, float *y, void *scratch, const tmb_dft_params *p) {
  const int32_t parts = p->is_complex ? 2 : 1;
  const int is_power = (p->size & (p->size - 1)) == 0;
  const float scale = p->inverse ? 1.0f / (float)p->size : 1.0f;
  float *work = (float *)scratch;
  int32_t o, i, k;
  for (o = 0; o < p->outer; ++o)
    for (i = 0; i < p->inner; ++i) {
      tmb_dft_signal s;
      s.x = x + (o * p->in_size * p->inner + i) * parts;
      s.stride = p->inner * parts;
      s.count = p->in_size < p->size ? p->in_size : p->size;
      s.is_complex = p->is_complex;
      if (is_power)
        tmb_dft_radix2(&s, twiddles, work, p);
      for (k = 0; k < p->bins; ++k) {
        float *out = y + ((o * p->bins + k) * p->inner + i) * 2;
        float *bin = is_power ? work + 2 * k : work;
        if (!is_power)
          tmb_dft_bin(&s, twiddles, k, bin, p);
        out[0] = bin[0] * scale;
        out[1] = bin[1] * scale;
      }
    }
}
