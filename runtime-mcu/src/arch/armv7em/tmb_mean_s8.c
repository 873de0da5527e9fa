/* SPDX-License-Identifier: MIT */
/* Mean or sum along axes, int8, with the DSP instructions of Armv7E-M. */
#include "thimble/tmb_kernels.h"
#include "tmb_dsp.h"

static int8_t tmb_mean_finish(int32_t sum, const tmb_mean_s8_params *p) {
  return (int8_t)tmb_ssat8(tmb_requantize_even(sum, p->multiplier, p->shift, p->out_zero_point));
}

/* Offset of the position with a number in row-major order. */
static int32_t tmb_mean_offset(int32_t number, int32_t rank, const int32_t *dims, const int32_t *strides) {
  int32_t offset = 0, d;
  for (d = rank - 1; d >= 0; --d) {
    offset += number % dims[d] * strides[d];
    number /= dims[d];
  }
  return offset;
}

/* Adds to four neighbouring sums. Halves hold the sums of 255 elements. */
__attribute__((__noinline__)) static void tmb_mean_four(const int8_t *x, int32_t step, int32_t count, int32_t *sums) {
  while (count > 0) {
    uint32_t even = 0, odd = 0;
    int32_t some = count < 255 ? count : 255;
    count -= some;
    for (; some >= 2; some -= 2) {
      const uint32_t first = tmb_load32(x), second = tmb_load32(x + step);
      x += 2 * step;
      even = tmb_sxtab16(tmb_sxtab16(even, first), second);
      odd = tmb_sxtab16_ror8(tmb_sxtab16_ror8(odd, first), second);
    }
    if (some > 0) {
      const uint32_t word = tmb_load32(x);
      x += step;
      even = tmb_sxtab16(even, word);
      odd = tmb_sxtab16_ror8(odd, word);
    }
    sums[0] += (int16_t)(uint16_t)even;
    sums[1] += (int16_t)(uint16_t)odd;
    sums[2] += (int16_t)(uint16_t)(even >> 16);
    sums[3] += (int16_t)(uint16_t)(odd >> 16);
  }
}

void tmb_mean_s8(const int8_t *x, int8_t *y, const tmb_mean_s8_params *p) {
  const int32_t inner = p->reduced_rank > 0 ? p->reduced_rank - 1 : 0;
  const int32_t run = p->reduced_rank > 0 ? p->reduced_dims[inner] : 1, step = p->reduced_strides[inner];
  const int32_t last = p->kept_rank > 0 ? p->kept_rank - 1 : 0;
  const int32_t neighbours = p->kept_rank > 0 && p->kept_strides[last] == 1 ? p->kept_dims[last] : 1;
  int32_t kept = 1, outer = 1, i, j, k;
  for (i = 0; i < p->kept_rank; ++i)
    kept *= p->kept_dims[i];
  for (i = 0; i < inner; ++i)
    outer *= p->reduced_dims[i];
  for (i = 0; i < kept;) {
    const int8_t *first = x + tmb_mean_offset(i, p->kept_rank, p->kept_dims, p->kept_strides);
    const int32_t lanes = i % neighbours + 4 <= neighbours ? 4 : 1;
    int32_t sums[4];
    for (j = 0; j < lanes; ++j)
      sums[j] = p->bias;
    for (j = 0; j < outer; ++j) {
      const int8_t *at = first + tmb_mean_offset(j, inner, p->reduced_dims, p->reduced_strides);
      if (lanes == 4)
        tmb_mean_four(at, step, run, sums);
      else
        for (k = 0; k < run; ++k)
          sums[0] += at[k * step];
    }
    for (j = 0; j < lanes; ++j)
      y[i + j] = tmb_mean_finish(sums[j], p);
    i += lanes;
  }
}
