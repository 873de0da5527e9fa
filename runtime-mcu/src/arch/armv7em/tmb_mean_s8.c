/* SPDX-License-Identifier: MIT */
/* Mean or sum along axes, int8, of several neighbouring results together. */
#include "thimble/tmb_kernels.h"
#include "tmb_mean_lanes_s8.h"

/* Offset of the position with a number in row-major order. */
static int32_t tmb_mean_offset(int32_t number, int32_t rank, const int32_t *dims, const int32_t *strides) {
  int32_t offset = 0, d;
  for (d = rank - 1; d >= 0; --d) {
    offset += number % dims[d] * strides[d];
    number /= dims[d];
  }
  return offset;
}

void tmb_mean_s8(const int8_t *x, int8_t *y, const tmb_mean_s8_params *p) {
  const int32_t inner = p->reduced_rank > 0 ? p->reduced_rank - 1 : 0;
  const int32_t run = p->reduced_rank > 0 ? p->reduced_dims[inner] : 1, step = p->reduced_strides[inner];
  const int32_t last = p->kept_rank > 0 ? p->kept_rank - 1 : 0;
  const int32_t neighbours = p->kept_rank > 0 && p->kept_strides[last] == 1 ? p->kept_dims[last] : 1;
  int32_t kept = 1, outer = 1, i, j;
  for (i = 0; i < p->kept_rank; ++i)
    kept *= p->kept_dims[i];
  for (i = 0; i < inner; ++i)
    outer *= p->reduced_dims[i];
  for (i = 0; i < kept;) {
    const int8_t *first = x + tmb_mean_offset(i, p->kept_rank, p->kept_dims, p->kept_strides);
    const int32_t lanes = tmb_mean_lanes(neighbours - i % neighbours);
    int32_t sums[TMB_MEAN_LANES];
    for (j = 0; j < lanes; ++j)
      sums[j] = p->bias;
    for (j = 0; j < outer; ++j) {
      const int8_t *at = first + tmb_mean_offset(j, inner, p->reduced_dims, p->reduced_strides);
      tmb_mean_add(at, step, run, lanes, sums);
    }
    tmb_mean_finish(sums, lanes, y + i, p);
    i += lanes;
  }
}
