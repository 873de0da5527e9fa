/* SPDX-License-Identifier: MIT */
/* A mark for innermost loops that must stay functions: inlined into deep loop nests, they lose their registers to them. */
#ifndef TMB_NO_INLINE_H
#define TMB_NO_INLINE_H

#if defined(__GNUC__) || defined(__clang__)
#define TMB_NO_INLINE __attribute__((__noinline__))
#else
#define TMB_NO_INLINE
#endif

#endif
