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

/* Adds to four neighbouring sums. */
__attribute__((__noinline__)) static void tmb_mean_four(const int8_t *x, int32_t step, int32_t count, int32_t *sums) {
  int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
  for (; count >= 2; count -= 2, x += 2 * step) {
    /* A product with two ones adds a pair of elements to their channel's sum. */
    const uint32_t a = tmb_load32(x), b = tmb_load32(x + step);
    const uint32_t low = tmb_pkhbt(a, b), high = tmb_pkhtb(a, b);
    sum0 = tmb_smlad(tmb_sxtb16(low), 0x00010001u, sum0);
    sum1 = tmb_smlad(tmb_sxtb16_ror8(low), 0x00010001u, sum1);
    sum2 = tmb_smlad(tmb_sxtb16(high), 0x00010001u, sum2);
    sum3 = tmb_smlad(tmb_sxtb16_ror8(high), 0x00010001u, sum3);
  }
  if (count > 0) {
    sum0 += x[0];
    sum1 += x[1];
    sum2 += x[2];
    sum3 += x[3];
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
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
