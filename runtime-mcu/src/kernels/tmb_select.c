/* SPDX-License-Identifier: MIT */
/* Elementwise choice between two tensors with broadcasting. */
#include "thimble/tmb_kernels.h"
#include "tmb_any.h"
#include "tmb_walk.h"

void tmb_select(const uint8_t *condition, const void *a, const void *b, void *y, const tmb_select_params *p) {
  int32_t index[TMB_MAX_RANK] = {0};
  const int32_t bytes = p->element_bytes;
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  const int32_t c_step = p->c_strides[outer], a_step = p->a_strides[outer], b_step = p->b_strides[outer];
  uint8_t *out = (uint8_t *)y;
  if (tmb_walk_count(p->rank, p->dims) == 0)
    return;
  do {
    const int32_t c_row = tmb_walk_offset(outer, index, p->c_strides);
    const int32_t a_row = tmb_walk_offset(outer, index, p->a_strides);
    const int32_t b_row = tmb_walk_offset(outer, index, p->b_strides);
    int32_t i;
    for (i = 0; i < count; ++i) {
      const uint8_t *source = condition[c_row + i * c_step] ? (const uint8_t *)a + (a_row + i * a_step) * bytes
                                                            : (const uint8_t *)b + (b_row + i * b_step) * bytes;
      tmb_any_copy(source, out, bytes);
      out += bytes;
    }
  } while (tmb_walk_next(outer, p->dims, index));
}
