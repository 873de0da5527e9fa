/* SPDX-License-Identifier: MIT */
/* Moves bytes toward the start of the same memory. */
#include "thimble/tmb_kernels.h"
#include "tmb_move_bytes.h"

void tmb_slide(void *x, const tmb_slide_params *p) {
  tmb_move_bytes((const uint8_t *)x + p->distance, (uint8_t *)x, p->bytes);
}
