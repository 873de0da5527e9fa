/* SPDX-License-Identifier: MIT */
/* Status codes of generated functions, and the few compiler-specific macros of the runtime. */
#ifndef THIMBLE_TMB_STATUS_H
#define THIMBLE_TMB_STATUS_H

/* What <model>_run returns. Errors are negative. */
typedef enum tmb_status {
  TMB_OK = 0,
  TMB_ERROR_ARGUMENT = -1, /* a null pointer, or an arena that is not aligned as the header asks */
  TMB_ERROR_PLAN = -2,     /* the memory plan was violated (only with TMB_CHECK_PLAN) */
  TMB_ERROR_ROWS = -3      /* too many rows were fed, or too few before a run (only models whose input is fed) */
} tmb_status;

/* Alignment of a static buffer in bytes: static uint8_t arena[N] TMB_ALIGNED(16); Define it yourself for other compilers. */
#ifndef TMB_ALIGNED
#if defined(__GNUC__) || defined(__clang__)
#define TMB_ALIGNED(bytes) __attribute__((aligned(bytes)))
#else
#error "Define TMB_ALIGNED(bytes) for this compiler"
#endif
#endif

#endif
