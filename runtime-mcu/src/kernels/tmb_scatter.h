/* SPDX-License-Identifier: MIT */
/* How the scattering kernels join an update with what is there. */
#ifndef TMB_SCATTER_H
#define TMB_SCATTER_H

#include <string.h>

#include "thimble/tmb_abi.h"

/* Joins `count` elements of one type. Integers wrap around, so sums and products are those of the unsigned type. */
#define TMB_SCATTER_ROW(name, type, arithmetic)                                                                                \
  static void name(type *y, const type *update, int32_t count, int32_t kind) {                                                 \
    int32_t i;                                                                                                                 \
    for (i = 0; i < count; ++i) {                                                                                              \
      const type a = y[i], b = update[i];                                                                                      \
      switch (kind) {                                                                                                          \
      case TMB_SCATTER_ADD:                                                                                                    \
        y[i] = (type)((arithmetic)a + (arithmetic)b);                                                                          \
        break;                                                                                                                 \
      case TMB_SCATTER_MUL:                                                                                                    \
        y[i] = (type)((arithmetic)a * (arithmetic)b);                                                                          \
        break;                                                                                                                 \
      case TMB_SCATTER_MIN:                                                                                                    \
        y[i] = b < a || b != b ? b : a;                                                                                        \
        break;                                                                                                                 \
      default:                                                                                                                 \
        y[i] = b > a || b != b ? b : a;                                                                                        \
        break;                                                                                                                 \
      }                                                                                                                        \
    }                                                                                                                          \
  }
TMB_SCATTER_ROW(tmb_scatter_f32, float, float)
TMB_SCATTER_ROW(tmb_scatter_s32, int32_t, uint32_t)
TMB_SCATTER_ROW(tmb_scatter_s64, int64_t, uint64_t)
#undef TMB_SCATTER_ROW

/* Joins `count` elements of `update` with those of y at element `offset`. */
static void tmb_scatter_row(void *y, int32_t offset, const void *update, int32_t count, int32_t element_bytes, int32_t kind,
                            int32_t type) {
  if (kind == TMB_SCATTER_REPLACE)
    memcpy((uint8_t *)y + offset * element_bytes, update, (size_t)count * (size_t)element_bytes);
  else if (type == TMB_F32)
    tmb_scatter_f32((float *)y + offset, (const float *)update, count, kind);
  else if (type == TMB_S32)
    tmb_scatter_s32((int32_t *)y + offset, (const int32_t *)update, count, kind);
  else
    tmb_scatter_s64((int64_t *)y + offset, (const int64_t *)update, count, kind);
}

#endif
