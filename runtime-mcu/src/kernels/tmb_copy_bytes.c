/* SPDX-License-Identifier: MIT */
/* Plain copy of bytes. */
#include <string.h>

#include "thimble/tmb_kernels.h"

void tmb_copy_bytes(const void *x, void *y, const tmb_count_params *p) {
  if (p->count > 0)
    memcpy(y, x, (size_t)p->count);
}
