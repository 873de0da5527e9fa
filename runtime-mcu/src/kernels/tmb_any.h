/* SPDX-License-Identifier: MIT */
/* Unsigned integers that may alias every type: how data movement copies elements of a size without knowing their type. */
#ifndef TMB_ANY_H
#define TMB_ANY_H

#include <stdint.h>
#include <string.h>

/* Without the attribute, reading a float through an integer pointer would break C's aliasing rules. memcpy of four bytes has
 * no such problem, but becomes a call on cores without unaligned access, where the compiler cannot know the alignment. */
#if defined(__GNUC__) || defined(__clang__)
#define TMB_MAY_ALIAS __attribute__((__may_alias__))
#else
#define TMB_MAY_ALIAS
#endif

typedef uint8_t tmb_any8; /* a character type: aliases everything */
typedef uint16_t TMB_MAY_ALIAS tmb_any16;
typedef uint32_t TMB_MAY_ALIAS tmb_any32;
typedef uint64_t TMB_MAY_ALIAS tmb_any64;
/* 64 bits to be moved only: as one number, compilers would take them through a floating-point register. */
typedef struct tmb_any32x2 {
  uint32_t word[2];
} TMB_MAY_ALIAS tmb_any32x2;

/* Copies one element of 1, 2, 4 or 8 bytes, aligned to its size. y may equal x. */
static inline void tmb_any_copy(const void *x, void *y, int32_t element_bytes) {
  switch (element_bytes) {
  case 1:
    *(tmb_any8 *)y = *(const tmb_any8 *)x;
    break;
  case 2:
    *(tmb_any16 *)y = *(const tmb_any16 *)x;
    break;
  case 4:
    *(tmb_any32 *)y = *(const tmb_any32 *)x;
    break;
  case 8:
    *(tmb_any32x2 *)y = *(const tmb_any32x2 *)x;
    break;
  default:
    break;
  }
}

#endif
