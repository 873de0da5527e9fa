/* SPDX-License-Identifier: MIT */
/* Strided copy of an N-dimensional box. */
#include "thimble/tmb_kernels.h"
#include "tmb_any.h"
#include "tmb_walk.h"

/* Copies `count` elements of one size between rows with steps. */
#define TMB_COPY_ROW(name, type)                                                                                               \
  static void name(const type *x, int32_t x_step, type *y, int32_t y_step, int32_t count) {                                    \
    int32_t i;                                                                                                                 \
    for (i = 0; i < count; ++i)                                                                                                \
      y[i * y_step] = x[i * x_step];                                                                                           \
  }
TMB_COPY_ROW(tmb_copy_nd_row8, tmb_any8)
TMB_COPY_ROW(tmb_copy_nd_row16, tmb_any16)
TMB_COPY_ROW(tmb_copy_nd_row32, tmb_any32)
TMB_COPY_ROW(tmb_copy_nd_row64, tmb_any32x2)
#undef TMB_COPY_ROW

static void tmb_copy_nd_row(const void *x, int32_t x_step, void *y, int32_t y_step, int32_t count, int32_t element_bytes) {
  if (x_step == 1 && y_step == 1) {
    memcpy(y, x, (size_t)count * (size_t)element_bytes);
    return;
  }
  switch (element_bytes) {
  case 1:
    tmb_copy_nd_row8((const tmb_any8 *)x, x_step, (tmb_any8 *)y, y_step, count);
    break;
  case 2:
    tmb_copy_nd_row16((const tmb_any16 *)x, x_step, (tmb_any16 *)y, y_step, count);
    break;
  case 4:
    tmb_copy_nd_row32((const tmb_any32 *)x, x_step, (tmb_any32 *)y, y_step, count);
    break;
  case 8:
    tmb_copy_nd_row64((const tmb_any32x2 *)x, x_step, (tmb_any32x2 *)y, y_step, count);
    break;
  default:
    break;
  }
}

void tmb_copy_nd(const void *x, void *y, const tmb_copy_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t bytes = p->element_bytes;
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  const int32_t x_step = p->x_strides[outer], y_step = p->y_strides[outer];
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const int32_t x_offset = p->x_offset + tmb_walk_offset(outer, index, p->x_strides);
    const int32_t y_offset = p->y_offset + tmb_walk_offset(outer, index, p->y_strides);
    tmb_copy_nd_row((const uint8_t *)x + x_offset * bytes, x_step, (uint8_t *)y + y_offset * bytes, y_step, count, bytes);
  } while (tmb_walk_next(outer, p->dims, index));
}
