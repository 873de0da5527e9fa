/* SPDX-License-Identifier: MIT */
/* Bytes to an earlier place of the same memory, or to another one. */
#include "thimble/tmb_kernels.h"
#include "tmb_move_bytes.h"

void tmb_move_down(const void *x, void *y, const tmb_count_params *p) {
  tmb_move_bytes((const uint8_t *)x, (uint8_t *)y, p->count);
}
