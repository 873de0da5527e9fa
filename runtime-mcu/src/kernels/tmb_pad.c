/* SPDX-License-Identifier: MIT */
/* Padding and cropping of an N-dimensional tensor, by all of ONNX's modes. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_requant.h"
#include "tmb_any.h"
#include "tmb_walk.h"

/* Position of x along an axis that position i (relative to x's first) of y shows, or -1 for the constant. */
static int32_t tmb_pad_source(int32_t i, int32_t size, int32_t mode) {
  const int32_t last = size - 1;
  int32_t period;
  if (i >= 0 && i < size)
    return i;
  if (size == 0)
    return -1;
  switch (mode) {
  case TMB_PAD_REFLECT: /* 2 1 0 1 2 ... last ... 2 1 0: repeats after 2 * last */
    period = last > 0 ? 2 * last : 1;
    i %= period;
    i = i < 0 ? i + period : i;
    return i > last ? period - i : i;
  case TMB_PAD_EDGE:
    return i < 0 ? 0 : last;
  case TMB_PAD_WRAP:
    i %= size;
    return i < 0 ? i + size : i;
  default:
    return -1;
  }
}

/* Offset of the row of x that row `index` of y shows, or -1 for a row of constants. */
static int32_t tmb_pad_row_source(const int32_t *index, const tmb_pad_params *p) {
  int32_t offset = 0;
  int32_t d;
  for (d = 0; d < p->rank - 1; ++d) {
    const int32_t source = tmb_pad_source(index[d] - p->before[d], p->in_dims[d], p->mode);
    if (source < 0)
      return -1;
    offset = offset * p->in_dims[d] + source;
  }
  return p->rank > 0 ? offset * p->in_dims[p->rank - 1] : offset;
}

static void tmb_pad_row(const uint8_t *x, const void *value, uint8_t *y, int32_t in_size, int32_t out_size, int32_t before,
                        int32_t mode, int32_t bytes) {
  /* Positions [begin, end) of y copy positions of x one by one, and are one run. */
  const int32_t begin = tmb_clamp_s32(before, 0, out_size);
  const int32_t end = tmb_clamp_s32(before + in_size, 0, out_size);
  int32_t i = 0;
  while (i < out_size) {
    if (i == begin && end > begin) {
      memcpy(y + i * bytes, x + (i - before) * bytes, (size_t)(end - begin) * (size_t)bytes);
      i = end;
    } else {
      const int32_t source = tmb_pad_source(i - before, in_size, mode);
      tmb_any_copy(source < 0 ? value : x + source * bytes, y + i * bytes, bytes);
      ++i;
    }
  }
}

void tmb_pad(const void *x, const void *value, void *y, const tmb_pad_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t bytes = p->element_bytes;
  const int32_t in_size = p->rank > 0 ? p->in_dims[outer] : 1;
  const int32_t out_size = p->rank > 0 ? p->out_dims[outer] : 1;
  const int32_t before = p->rank > 0 ? p->before[outer] : 0;
  uint8_t *row = (uint8_t *)y;
  if (tmb_walk_count(p->rank, p->out_dims) == 0)
    return;
  do {
    const int32_t source = tmb_pad_row_source(index, p);
    if (source >= 0)
      tmb_pad_row((const uint8_t *)x + source * bytes, value, row, in_size, out_size, before, p->mode, bytes);
    else
      tmb_pad_row((const uint8_t *)x, value, row, 0, out_size, 0, TMB_PAD_CONSTANT, bytes);
    row += out_size * bytes;
  } while (tmb_walk_next(outer, p->out_dims, index));
}
