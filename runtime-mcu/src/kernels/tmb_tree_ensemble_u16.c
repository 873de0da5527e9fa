/* SPDX-License-Identifier: MIT */
/* Decision trees with tables of 16-bit words. */
#define TMB_KERNEL tmb_tree_ensemble_u16
#define TMB_WORD uint16_t
#define TMB_FLAG 0x8000u
#include "tmb_tree_ensemble_loop.h"
