/* SPDX-License-Identifier: MIT */
/* Brings constants from a memory that the processor cannot read, or reads slowly. */
#include <string.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_status.h"

TMB_WEAK void tmb_external_read(void *to, const void *from, int32_t bytes) { memcpy(to, from, (size_t)bytes); }

void tmb_fetch(const void *x, void *y, const tmb_count_params *p) {
  if (p->count > 0)
    tmb_external_read(y, x, p->count);
}
