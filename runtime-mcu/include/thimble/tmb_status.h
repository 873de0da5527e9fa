/* SPDX-License-Identifier: MIT */
/* Status codes of generated functions, and the few compiler-specific macros of the runtime. */
#ifndef THIMBLE_TMB_STATUS_H
#define THIMBLE_TMB_STATUS_H

/* What <model>_run returns. Errors are negative. */
typedef enum tmb_status {
  TMB_OK = 0,
  TMB_ERROR_ARGUMENT = -1, /* a null pointer, or an arena that is not aligned as the header asks */
  TMB_ERROR_ROWS = -3,     /* too many rows were fed, or too few before a run (only models whose input is fed) */
  TMB_ERROR_STATE = -4,    /* a state that was never reset, or that another model left (only models with state) */
  TMB_ERROR_PLAN = -1000   /* the memory plan was violated, only with -DTMB_CHECK_PLAN: TMB_ERROR_PLAN - n by call number n, which
                              wrote beyond its outputs, or found others in what it reads; n is as in report.txt, and the number of
                              calls for the caller, who reads outputs */
} tmb_status;

/* Models that never run at the same time can share one arena, also for the size of an array:
 *   static uint8_t arena[TMB_ARENA_MAX(ONE_ARENA_BYTES, TWO_ARENA_BYTES)] TMB_ALIGNED(16);
 * Inputs are written after the other model's outputs were read. States are the models' own. */
#define TMB_ARENA_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Alignment of a static buffer in bytes: static uint8_t arena[N] TMB_ALIGNED(16); Define it yourself for other compilers. */
#ifndef TMB_ALIGNED
#if defined(__GNUC__) || defined(__clang__)
#define TMB_ALIGNED(bytes) __attribute__((aligned(bytes)))
#else
#error "Define TMB_ALIGNED(bytes) for this compiler"
#endif
#endif

/* A function that the user may replace by one of the same name. */
#ifndef TMB_WEAK
#if defined(__GNUC__) || defined(__clang__)
#define TMB_WEAK __attribute__((weak))
#else
#define TMB_WEAK
#endif
#endif

/* Where the linker puts the constants of models: attributes before their definitions. Define them yourself, for all models, or
 * for one alone: <MODEL>_SECTION_WEIGHTS and so on. Linker scripts place .thimble_external* in the external flash. */
#ifndef TMB_SECTION_WEIGHTS /* in flash */
#define TMB_SECTION_WEIGHTS(symbol)
#endif
#ifndef TMB_SECTION_TABLES /* biases, multipliers and tables in flash */
#define TMB_SECTION_TABLES(symbol)
#endif
#ifndef TMB_SECTION_RAM /* in RAM that the start-up code initialises; these are not const */
#define TMB_SECTION_RAM(symbol)
#endif
#ifndef TMB_SECTION_EXTERNAL
#if defined(__ELF__) && !defined(__linux__) && (defined(__GNUC__) || defined(__clang__))
#define TMB_SECTION_EXTERNAL(symbol) __attribute__((section(".thimble_external." #symbol)))
#else
#define TMB_SECTION_EXTERNAL(symbol)
#endif
#endif
#ifndef TMB_SECTION_EXTERNAL_RAM /* an arena in external RAM; linker scripts place .thimble_ram* there, NOLOAD */
#if defined(__ELF__) && !defined(__linux__) && (defined(__GNUC__) || defined(__clang__))
#define TMB_SECTION_EXTERNAL_RAM(symbol) __attribute__((section(".thimble_ram." #symbol)))
#else
#define TMB_SECTION_EXTERNAL_RAM(symbol)
#endif
#endif

#endif
