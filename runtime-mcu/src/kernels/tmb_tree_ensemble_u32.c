/* SPDX-License-Identifier: MIT */
/* Decision trees with tables of 32-bit words, for ensembles that 16 bits cannot number. */
#define TMB_KERNEL tmb_tree_ensemble_u32
#define TMB_WORD uint32_t
#define TMB_FLAG 0x80000000u
#include "tmb_tree_ensemble_loop.h"
