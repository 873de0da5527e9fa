/* SPDX-License-Identifier: MIT */
/* Counting the leading zeros of a word, in one instruction. */
#ifndef TMB_LEADING_ZEROS_H
#define TMB_LEADING_ZEROS_H

#include <stdint.h>

/* Zeros above the highest bit that is set; value is not 0. */
static inline int32_t tmb_leading_zeros(uint32_t value) { return __builtin_clz(value); }

#endif
