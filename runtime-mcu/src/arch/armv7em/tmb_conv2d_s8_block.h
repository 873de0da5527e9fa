/* SPDX-License-Identifier: MIT */
/* The innermost loops of int8 convolutions, with the DSP instructions of Armv7E-M. */
#ifndef TMB_CONV2D_S8_BLOCK_H
#define TMB_CONV2D_S8_BLOCK_H

#include <stddef.h>

#include "tmb_dsp.h"
#include "tmb_dsp_finish.h"

/* Blocks of four output positions by two channels: eight accumulators, as many as the registers allow. The activations under the
 * four windows are widened to halves once for all channels: `wide` holds, for each block of four activations, the even pair of
 * each position, then the odd pair of each. The weights come in that order too (tmb_layout.h), so that 16 products take
 * 13 instructions. Where scratch has room for several blocks, the weights of a pair of channels are widened once for all of them,
 * and 16 products take 11. */

/* What the innermost loops work on. Assembly knows the order of the members. */
typedef struct tmb_block {
  int8_t *y;        /* the first channel at the first position */
  int32_t y_stride; /* from one position to the next */
  int32_t zero_point;
  /* What comes after the sums where it is more than SMMLAR, SSAT and a store: tmb_exit_sums or tmb_exit_add; else null. */
  void (*exit)(void);
  void *aux; /* for tmb_exit_sums where they go, eight of each pair of channels; for tmb_exit_add a tmb_addend */
  const uint32_t *wide;
  const int32_t *w_end;
  int32_t units; /* blocks of four activations */
  int32_t count; /* blocks of positions, one after the other in wide and in y; tmb_run_block has one */
  int32_t *pair; /* room for the widened weights of a pair of channels, 4 * units + 4 words */
} tmb_block;

/* What is added to the outputs. Assembly knows the order of the members. */
typedef struct tmb_addend {
  int32_t c_multiplier, sum_offset, r_multiplier;
  intptr_t distance; /* from an output to what is added to it, in bytes */
} tmb_addend;

#if defined(__ARM_FEATURE_DSP)

/* r0 wide, r1 weights, r4 to r11 the accumulators (channel a and b of each position) */
#define TMB_BYTES                                                                                                              \
  "ldr lr, [r1], #4\n\t"                                                                                                       \
  "ldrd r2, r3, [r0], #8\n\t"                                                                                                  \
  "sxtb16 r12, lr\n\t"                                                                                                         \
  "sxtb16 lr, lr, ror #8\n\t"
#define TMB_HALVES                                                                                                             \
  "ldrd r12, lr, [r1], #8\n\t"                                                                                                 \
  "ldrd r2, r3, [r0], #8\n\t"
#define TMB_WORD(weights)                                                                                                      \
  weights "smlad r4, r12, r2, r4\n\t"                                                                                          \
          "smlad r5, lr, r2, r5\n\t"                                                                                           \
          "smlad r6, r12, r3, r6\n\t"                                                                                          \
          "smlad r7, lr, r3, r7\n\t"                                                                                           \
          "ldrd r2, r3, [r0], #8\n\t"                                                                                          \
          "smlad r8, r12, r2, r8\n\t"                                                                                          \
          "smlad r9, lr, r2, r9\n\t"                                                                                           \
          "smlad r10, r12, r3, r10\n\t"                                                                                        \
          "smlad r11, lr, r3, r11\n\t"
/* The first unit, which takes the bias into all accumulators. */
#define TMB_FIRST(weights)                                                                                                     \
  "ldrd r4, r5, [r1], #8\n\t" weights                                                                                          \
  "smlad r6, r12, r3, r4\n\t"                                                                                                  \
  "smlad r7, lr, r3, r5\n\t"                                                                                                   \
  "ldrd r8, r10, [r0], #8\n\t"                                                                                                 \
  "smlad r9, lr, r8, r5\n\t"                                                                                                   \
  "smlad r8, r12, r8, r4\n\t"                                                                                                  \
  "smlad r11, lr, r10, r5\n\t"                                                                                                 \
  "smlad r10, r12, r10, r4\n\t"                                                                                                \
  "smlad r4, r12, r2, r4\n\t"                                                                                                  \
  "smlad r5, lr, r2, r5\n\t" TMB_WORD(weights)
#define TMB_UNITS2(weights) TMB_WORD(weights) TMB_WORD(weights) TMB_WORD(weights) TMB_WORD(weights)
#define TMB_UNITS8(weights) TMB_UNITS2(weights) TMB_UNITS2(weights) TMB_UNITS2(weights) TMB_UNITS2(weights)
#define TMB_FINISH(a, b)                                                                                                       \
  "smmlar " a ", " a ", r12, r3\n\t"                                                                                           \
  "smmlar " b ", " b ", lr, r3\n\t"                                                                                            \
  "ssat " a ", #8, " a "\n\t"                                                                                                  \
  "ssat " b ", #8, " b "\n\t"                                                                                                  \
  "bfi " a ", " b ", #8, #8\n\t"
/* Outputs at the address in register y; r12 and lr are the multipliers, r2 y_stride, r3 the zero point. */
#define TMB_STORE(y)                                                                                                           \
  TMB_FINISH("r4", "r5") TMB_FINISH("r6", "r7") TMB_FINISH("r8", "r9") TMB_FINISH("r10", "r11")                                \
  "add r3, " y ", r2, lsl #1\n\t"                                                                                              \
  "strh r8, [r3]\n\t"                                                                                                          \
  "strh r10, [r3, r2]\n\t"                                                                                                     \
  "strh r6, [" y ", r2]\n\t"

/* On the stack: y, y_stride, zero_point, exit, aux; at 20 where exits return to, which get wide or weights in r0, which they keep, y
 * in r1, y_stride in r2, the zero point in r3, multipliers in r12 and lr. */
#define TMB_SET_EXIT(skip)                                                                                                     \
  "adr r7, 5f\n\t"                                                                                                             \
  "orr r7, r7, #1\n\t"                                                                                                         \
  "cmp r5, #0\n\t"                                                                                                             \
  "itte eq\n\t"                                                                                                                \
  "adreq r5, 4f\n\t"                                                                                                           \
  "orreq r5, r5, #1\n\t"                                                                                                       \
  "addne r5, r5, #" skip "\n\t"                                                                                                \
  "sub sp, sp, #40\n\t"                                                                                                        \
  "stm sp, {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11}\n\t"

/* Stores the sums at aux, which moves on. Called as tmb_run_block calls exits. */
TMB_NAKED void tmb_exit_sums(void) {
  __asm__ volatile("mov r0, r1\n\t"
                   "ldr r2, [sp, #16]\n\t"
                   "stm r2!, {r4, r5, r6, r7, r8, r9, r10, r11}\n\t"
                   "str r2, [sp, #16]\n\t"
                   "ldr pc, [sp, #20]");
}

#define TMB_MULTIPLY(acc) "mla " acc ", " acc ", r12, lr\n\t"
#define TMB_ADD(a, b)                                                                                                          \
  "ldrsb r3, [r1]\n\t"                                                                                                         \
  "ldrsb lr, [r1, #1]\n\t"                                                                                                     \
  "mla " a ", r3, r12, " a "\n\t"                                                                                              \
  "mla " b ", lr, r12, " b "\n\t"
#define TMB_SHIFT(a, b)                                                                                                        \
  "ssat " a ", #8, " a ", asr #20\n\t"                                                                                         \
  "ssat " b ", #8, " b ", asr #20\n\t"                                                                                         \
  "bfi " a ", " b ", #8, #8\n\t"
#define TMB_SCALE(a, b)                                                                                                        \
  "smmlar " a ", " a ", r12, r3\n\t"                                                                                           \
  "smmlar " b ", " b ", lr, r3\n\t"                                                                                            \
  "ssat " a ", #8, " a "\n\t"                                                                                                  \
  "ssat " b ", #8, " b "\n\t"

/* Adds the residual before it stores: for tmb_run_block, which has weights in r1, from the start; for tmb_run_blocks, which has y
 * there, from the third instruction on, at 4. */
TMB_NAKED void tmb_exit_add(void) {
  __asm__ volatile("mov r0, r1\n\t"
                   "ldr r1, [sp]\n\t" TMB_SCALE("r4", "r5") TMB_SCALE("r6", "r7") TMB_SCALE("r8", "r9") TMB_SCALE("r10", "r11")
                   "ldr r3, [sp, #16]\n\t"
                   "ldrd r12, lr, [r3]\n\t" TMB_MULTIPLY("r4") TMB_MULTIPLY("r5") TMB_MULTIPLY("r6") TMB_MULTIPLY("r7")
                   TMB_MULTIPLY("r8") TMB_MULTIPLY("r9") TMB_MULTIPLY("r10") TMB_MULTIPLY("r11")
                   "ldrd r12, r3, [r3, #8]\n\t"
                   "add r1, r1, r3\n\t" TMB_ADD("r4", "r5")
                   "add r1, r1, r2\n\t" TMB_ADD("r6", "r7")
                   "add r1, r1, r2\n\t" TMB_ADD("r8", "r9")
                   "add r1, r1, r2\n\t" TMB_ADD("r10", "r11")
                   "ldr r1, [sp]\n\t" TMB_SHIFT("r4", "r5") TMB_SHIFT("r6", "r7") TMB_SHIFT("r8", "r9") TMB_SHIFT("r10", "r11")
                   "add r3, r1, r2, lsl #1\n\t"
                   "strh r8, [r3]\n\t"
                   "strh r10, [r3, r2]\n\t"
                   "strh r6, [r1, r2]\n\t"
                   "strh r4, [r1]\n\t"
                   "ldr pc, [sp, #20]");
}

#undef TMB_MULTIPLY
#undef TMB_ADD
#undef TMB_SHIFT
#undef TMB_SCALE

/* Pairs of channels from w on. The loop has eight units of 104 bytes (every instruction has 4). After the first unit, the first
 * pass starts within so that the rest is a multiple of eight. */
TMB_NAKED void tmb_run_block(const tmb_block *block __attribute__((__unused__)),
                             const int32_t *w __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldm r0!, {r2, r3, r4, r5, r6}\n\t"
                   "ldm r0, {r8, r9, r12}\n\t"  /* wide, w_end, units */
                   "add r10, r8, r12, lsl #5\n\t" /* the end of wide */
                   "subs r12, r12, #1\n\t"
                   "and r12, r12, #7\n\t"
                   "movs r7, #104\n\t"
                   "adr r11, 3f\n\t"
                   "mls r11, r12, r7, r11\n\t"
                   "orr r11, r11, #1\n\t" TMB_SET_EXIT("0") /* at 24 wide, w_end, end, entry */
                   "mov r0, r8\n"
                   "1:\n\t" TMB_FIRST(TMB_BYTES)
                   "ldr pc, [sp, #36]\n\t"
                   ".balign 4\n"
                   "2:\n\t" TMB_UNITS8(TMB_BYTES)
                   "3:\n\t"
                   "ldr r2, [sp, #32]\n\t"
                   "cmp r0, r2\n\t"
                   "bne 2b\n\t"
                   "ldrd r12, lr, [r1], #8\n\t"
                   "ldm sp, {r0, r2, r3, pc}\n\t"
                   ".balign 4\n"
                   "4:\n\t" TMB_STORE("r0")
                   "strh r4, [r0], #2\n\t"
                   "str r0, [sp]\n"
                   "6:\n\t"
                   "ldrd r0, r2, [sp, #24]\n\t"
                   "cmp r1, r2\n\t"
                   "bne 1b\n\t"
                   "add sp, sp, #40\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                   ".balign 4\n"
                   "5:\n\t"
                   "adds r1, r1, #2\n\t"
                   "str r1, [sp]\n\t"
                   "mov r1, r0\n\t"
                   "b 6b");
}

/* The same for `count` blocks, and never with sums. The loop has eight units of 88 bytes. */
TMB_NAKED void tmb_run_blocks(tmb_block *block __attribute__((__unused__)),
                              const int32_t *w __attribute__((__unused__))) {
  __asm__ volatile("push {r0, r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldm r0, {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11}\n\t"
                   "mul r10, r10, r3\n\t"
                   "add r8, r2, r10, lsl #2\n\t"  /* the end of y */
                   "add r10, r11, r9, lsl #4\n\t"
                   "adds r10, r10, #8\n\t" /* the end of pair but for the multipliers */
                   "subs r12, r9, #1\n\t"
                   "and r12, r12, #7\n\t"
                   "mov r9, r11\n\t"
                   "movs r0, #88\n\t"
                   "adr r11, 3f\n\t"
                   "mls r11, r12, r0, r11\n\t"
                   "orr r11, r11, #1\n\t" TMB_SET_EXIT("4") /* at 24 end of y, pair, its end, entry */
                   "7:\n\t"
                   "ldrd r3, r1, [sp, #40]\n\t" /* block, w */
                   "ldr r2, [sp, #28]\n\t"
                   "ldr r0, [r3, #20]\n\t"
                   "ldr r3, [r3, #28]\n\t"
                   "ldrd r4, r5, [r1], #8\n\t"
                   "stm r2!, {r4, r5}\n\t"
                   "lsrs r3, r3, #1\n\t"
                   "bcc 9f\n\t"
                   "ldrd r4, r5, [r1], #8\n\t"
                   "sxtb16 r6, r4\n\t"
                   "sxtb16 r7, r4, ror #8\n\t"
                   "sxtb16 r8, r5\n\t"
                   "sxtb16 r9, r5, ror #8\n\t"
                   "stm r2!, {r6, r7, r8, r9}\n\t"
                   "cbz r3, 8f\n"
                   "9:\n\t"
                   "ldm r1!, {r4, r5, r6, r7}\n\t"
                   "sxtb16 r8, r4\n\t"
                   "sxtb16 r9, r4, ror #8\n\t"
                   "sxtb16 r10, r5\n\t"
                   "sxtb16 r11, r5, ror #8\n\t"
                   "stm r2!, {r8, r9, r10, r11}\n\t"
                   "sxtb16 r8, r6\n\t"
                   "sxtb16 r9, r6, ror #8\n\t"
                   "sxtb16 r10, r7\n\t"
                   "sxtb16 r11, r7, ror #8\n\t"
                   "subs r3, r3, #1\n\t"
                   "stm r2!, {r8, r9, r10, r11}\n\t"
                   "bne 9b\n"
                   "8:\n\t"
                   "ldrd r4, r5, [r1], #8\n\t"
                   "strd r4, r5, [r2]\n\t"
                   "str r1, [sp, #44]\n\t"
                   "ldr r1, [sp, #28]\n"
                   "1:\n\t" TMB_FIRST(TMB_HALVES)
                   "ldr pc, [sp, #36]\n\t"
                   ".balign 4\n"
                   "2:\n\t" TMB_UNITS8(TMB_HALVES)
                   "3:\n\t"
                   "ldr r2, [sp, #32]\n\t"
                   "cmp r1, r2\n\t"
                   "bne 2b\n\t"
                   "ldrd r12, lr, [r1]\n\t"
                   "ldm sp, {r1, r2, r3, pc}\n\t"
                   ".balign 4\n"
                   "4:\n\t" TMB_STORE("r1")
                   "strh r4, [r1]\n\t"
                   ".balign 4\n"
                   "5:\n\t"
                   "add r1, r1, r2, lsl #2\n\t"
                   "str r1, [sp]\n\t"
                   "ldrd r2, r3, [sp, #24]\n\t"
                   "cmp r1, r2\n\t"
                   "mov r1, r3\n\t"
                   "bne 1b\n\t"
                   "ldrd r0, r1, [sp, #40]\n\t"
                   "ldr r3, [r0]\n\t"          /* the next channels of the first position */
                   "ldr r4, [sp, #24]\n\t"
                   "ldr r5, [r0, #24]\n\t"
                   "adds r3, r3, #2\n\t"
                   "adds r4, r4, #2\n\t"
                   "str r3, [r0]\n\t"
                   "str r3, [sp]\n\t"
                   "str r4, [sp, #24]\n\t"
                   "cmp r1, r5\n\t"
                   "bne 7b\n\t"
                   "add sp, sp, #48\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#undef TMB_SET_EXIT

/* The same for the first position alone, and without an exit. */
TMB_NAKED void tmb_run_single(const tmb_block *block __attribute__((__unused__)),
                              const int32_t *w __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldrd r2, r3, [r0]\n\t"
                   "ldr r4, [r0, #8]\n\t"
                   "add r0, r0, #20\n\t"
                   "ldm r0, {r5, r6, r8}\n"
                   "1:\n\t"
                   "ldrd r9, r10, [r1], #8\n\t"
                   "mov r0, r5\n\t"
                   "mov r3, r8\n"
                   "2:\n\t"
                   "ldrd r7, r11, [r1], #8\n\t"
                   "ldr r12, [r0], #16\n\t"
                   "sxtb16 lr, r7\n\t"
                   "sxtb16 r7, r7, ror #8\n\t"
                   "smlad r9, lr, r12, r9\n\t"
                   "smlad r10, r7, r12, r10\n\t"
                   "ldr r12, [r0], #16\n\t"
                   "sxtb16 lr, r11\n\t"
                   "sxtb16 r11, r11, ror #8\n\t"
                   "smlad r9, lr, r12, r9\n\t"
                   "smlad r10, r11, r12, r10\n\t"
                   "subs r3, r3, #1\n\t"
                   "bne 2b\n\t"
                   "ldrd r7, r11, [r1], #8\n\t"
                   "smmlar r9, r9, r7, r4\n\t"
                   "smmlar r10, r10, r11, r4\n\t"
                   "ssat r9, #8, r9\n\t"
                   "ssat r10, #8, r10\n\t"
                   "strb r9, [r2], #1\n\t"
                   "strb r10, [r2], #1\n\t"
                   "cmp r1, r6\n\t"
                   "bne 1b\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#undef TMB_BYTES
#undef TMB_HALVES
#undef TMB_WORD
#undef TMB_FIRST
#undef TMB_UNITS2
#undef TMB_UNITS8
#undef TMB_FINISH
#undef TMB_STORE

/* Widens `runs` runs of 4 * units activations from each of four places, `skip` bytes from the end of one to the next. */
TMB_NAKED void tmb_widen4(const int8_t *const *places __attribute__((__unused__)), uint32_t *wide __attribute__((__unused__)),
                          int32_t units __attribute__((__unused__)), int32_t runs __attribute__((__unused__)),
                          int32_t skip __attribute__((__unused__))) {
  __asm__ volatile("push {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldm r0, {r4, r5, r6, r7}\n\t"
                   "mov r3, r1\n"
                   "1:\n\t"
                   "ldr r8, [r4], #4\n\t"
                   "ldr r9, [r5], #4\n\t"
                   "ldr r10, [r6], #4\n\t"
                   "ldr r11, [r7], #4\n\t"
                   "sxtb16 r0, r8\n\t"
                   "sxtb16 r1, r9\n\t"
                   "sxtb16 r12, r10\n\t"
                   "sxtb16 lr, r11\n\t"
                   "stmia r3!, {r0, r1, r12, lr}\n\t"
                   "sxtb16 r8, r8, ror #8\n\t"
                   "sxtb16 r9, r9, ror #8\n\t"
                   "sxtb16 r10, r10, ror #8\n\t"
                   "sxtb16 r11, r11, ror #8\n\t"
                   "subs r2, r2, #1\n\t"
                   "stmia r3!, {r8, r9, r10, r11}\n\t"
                   "bne 1b\n\t"
                   "ldrd r2, r0, [sp]\n\t"
                   "ldr r1, [sp, #44]\n\t"
                   "add r4, r4, r1\n\t"
                   "add r5, r5, r1\n\t"
                   "add r6, r6, r1\n\t"
                   "add r7, r7, r1\n\t"
                   "subs r0, r0, #1\n\t"
                   "str r0, [sp, #4]\n\t"
                   "bne 1b\n\t"
                   "add sp, sp, #8\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

/* Widens `rows` rows of six columns of `channels` activations, a multiple of four: the windows of three taps in a row at four
 * neighbouring positions. Each column is loaded once for the taps that need it. */
TMB_NAKED void tmb_widen_taps(const int8_t *from __attribute__((__unused__)), uint32_t *wide __attribute__((__unused__)),
                              int32_t channels __attribute__((__unused__)), int32_t rows __attribute__((__unused__)),
                              int32_t pitch __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "mov r11, r3\n\t"
                   "mov r3, r1\n\t"
                   "add r12, r1, r2, lsl #3\n\t"
                   "add lr, r1, r2, lsl #4\n"
                   "1:\n\t"
                   "add r1, r0, r2, lsl #1\n\t"
                   "add r1, r1, r2\n\t"
                   "lsrs r10, r2, #2\n"
                   "2:\n\t"
                   "ldr r4, [r0]\n\t"
                   "ldr r5, [r0, r2]\n\t"
                   "ldr r6, [r0, r2, lsl #1]\n\t"
                   "ldr r7, [r1]\n\t"
                   "ldr r8, [r1, r2]\n\t"
                   "ldr r9, [r1, r2, lsl #1]\n\t"
                   "sxtb16 r4, r4\n\t"
                   "sxtb16 r5, r5\n\t"
                   "sxtb16 r6, r6\n\t"
                   "sxtb16 r7, r7\n\t"
                   "sxtb16 r8, r8\n\t"
                   "sxtb16 r9, r9\n\t"
                   "stm r3!, {r4, r5, r6, r7}\n\t"
                   "stm r12!, {r5, r6, r7, r8}\n\t"
                   "stm lr!, {r6, r7, r8, r9}\n\t"
                   "ldr r5, [r0, r2]\n\t"
                   "ldr r6, [r0, r2, lsl #1]\n\t"
                   "ldr r4, [r0], #4\n\t"
                   "ldr r8, [r1, r2]\n\t"
                   "ldr r9, [r1, r2, lsl #1]\n\t"
                   "ldr r7, [r1], #4\n\t"
                   "sxtb16 r4, r4, ror #8\n\t"
                   "sxtb16 r5, r5, ror #8\n\t"
                   "sxtb16 r6, r6, ror #8\n\t"
                   "sxtb16 r7, r7, ror #8\n\t"
                   "sxtb16 r8, r8, ror #8\n\t"
                   "sxtb16 r9, r9, ror #8\n\t"
                   "subs r10, r10, #1\n\t"
                   "stm r3!, {r4, r5, r6, r7}\n\t"
                   "stm r12!, {r5, r6, r7, r8}\n\t"
                   "stm lr!, {r6, r7, r8, r9}\n\t"
                   "bne 2b\n\t"
                   "ldr r10, [sp, #36]\n\t"
                   "subs r10, r10, r2\n\t"
                   "add r0, r0, r10\n\t"
                   "add r3, r3, r2, lsl #4\n\t"
                   "add r12, r12, r2, lsl #4\n\t"
                   "add lr, lr, r2, lsl #4\n\t"
                   "subs r11, r11, #1\n\t"
                   "bne 1b\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#else

static void tmb_exit_sums(void) {}

static void tmb_exit_add(void) {}

static int8_t tmb_add_plain(int32_t c, const int8_t *y, const tmb_addend *add) {
  return (int8_t)tmb_ssat8((c * add->c_multiplier + y[add->distance] * add->r_multiplier + add->sum_offset) >> 20);
}

static void tmb_run_block(const tmb_block *block, const int32_t *w) {
  const int adds = block->exit == tmb_exit_add;
  int8_t *y = block->y;
  int32_t *sums = (int32_t *)block->aux;
  int32_t k, i;
  while (w != block->w_end) {
    const uint32_t *wide = block->wide;
    int32_t acc[8];
    for (i = 0; i < 8; ++i)
      acc[i] = w[i & 1];
    w += 2;
    for (k = 0; k < 2 * block->units; ++k, ++w, wide += 4) {
      for (i = 0; i < 4; ++i) {
        acc[2 * i] = tmb_smlad(tmb_sxtb16((uint32_t)*w), wide[i], acc[2 * i]);
        acc[2 * i + 1] = tmb_smlad(tmb_sxtb16_ror8((uint32_t)*w), wide[i], acc[2 * i + 1]);
      }
    }
    for (i = 0; i < 8; ++i) {
      int8_t *to = y + (i >> 1) * block->y_stride + (i & 1);
      if (block->exit == tmb_exit_sums)
        *sums++ = acc[i];
      else if (adds)
        *to = tmb_add_plain(tmb_finish_plain(acc[i], w[i & 1], block->zero_point), to, (const tmb_addend *)block->aux);
      else
        *to = (int8_t)tmb_finish_plain(acc[i], w[i & 1], block->zero_point);
    }
    w += 2;
    y += 2;
  }
}

static void tmb_run_blocks(tmb_block *block, const int32_t *w) {
  tmb_block one = *block;
  int32_t i;
  for (i = 0; i < block->count; ++i, one.y += 4 * one.y_stride, one.wide += 8 * one.units)
    tmb_run_block(&one, w);
  block->y += 2 * ((block->w_end - w) / (4 + 2 * block->units));
}

static void tmb_run_single(const tmb_block *block, const int32_t *w) {
  tmb_block one = *block;
  int8_t *y = block->y;
  int32_t sums[8];
  one.exit = tmb_exit_sums;
  one.aux = sums;
  for (; w != block->w_end; w = one.w_end, y += 2) {
    one.w_end = w + 4 + 2 * block->units;
    tmb_run_block(&one, w);
    y[0] = (int8_t)tmb_finish_plain(sums[0], one.w_end[-2], block->zero_point);
    y[1] = (int8_t)tmb_finish_plain(sums[1], one.w_end[-1], block->zero_point);
  }
}

static void tmb_widen4(const int8_t *const *places, uint32_t *wide, int32_t units, int32_t runs, int32_t skip) {
  int32_t r, k, i;
  for (r = 0; r < runs; ++r) {
    for (k = 0; k < 4 * units; k += 4, wide += 8) {
      for (i = 0; i < 4; ++i) {
        const uint32_t word = tmb_load32(places[i] + r * (4 * units + skip) + k);
        wide[i] = tmb_sxtb16(word);
        wide[i + 4] = tmb_sxtb16_ror8(word);
      }
    }
  }
}

static void tmb_widen_taps(const int8_t *from, uint32_t *wide, int32_t channels, int32_t rows, int32_t pitch) {
  int32_t row, tap, i;
  for (row = 0; row < rows; ++row, from += pitch)
    for (tap = 0; tap < 3; ++tap, wide += 2 * channels) {
      const int8_t *places[4];
      for (i = 0; i < 4; ++i)
        places[i] = from + (tap + i) * channels;
      tmb_widen4(places, wide, channels >> 2, 1, 0);
    }
}

#endif

#endif
