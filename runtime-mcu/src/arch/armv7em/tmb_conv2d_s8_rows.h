/* SPDX-License-Identifier: MIT */
/* Widens rows of taps of images in planes, with the DSP instructions of Armv7E-M. */
#ifndef TMB_CONV2D_S8_ROWS_H
#define TMB_CONV2D_S8_ROWS_H

#include "tmb_dsp.h"

/* Rows of three taps of all planes under four windows side by side. Assembly knows the order of the members. */
typedef struct tmb_rows {
  const int8_t *at; /* the first */
  uint32_t *wide;
  int32_t pitch, jump; /* bytes from a row to the next; how much more to that of the next plane */
  int32_t runs;        /* all rows */
  int32_t rows;        /* of a plane */
} tmb_rows;

#if defined(__ARM_FEATURE_DSP)

/* To the next row of taps, of which r5 are left in the plane. */
#define TMB_NEXT_ROW                                                                                                           \
  "add r0, r0, r2\n\t"                                                                                                         \
  "subs r5, r5, #1\n\t"                                                                                                        \
  "itt eq\n\t"                                                                                                                 \
  "addeq r0, r0, r3\n\t"                                                                                                       \
  "moveq r5, r6\n\t"
/* The last of an odd number of rows is read a second time, and the pair that is too much is written over later. */
#define TMB_NEXT_ROWS                                                                                                          \
  "subs r4, r4, #2\n\t"                                                                                                        \
  "itt mi\n\t"                                                                                                                 \
  "movmi r2, #0\n\t"                                                                                                           \
  "movmi r3, #0\n\t"

/* Widens the pairs of outer taps of two rows and of their middle taps (tmb_layout.h), until there are no rows. */
TMB_NAKED void tmb_widen_rows(const tmb_rows *rows __attribute__((__unused__)), int32_t stride __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "cmp r1, #1\n\t"
                   "ldm r0, {r0, r1, r2, r3, r4, r5}\n\t"
                   "mov r6, r5\n\t"
                   "bne 2f\n"
                   "1:\n\t" TMB_NEXT_ROWS
                   "ldr r7, [r0]\n\t"
                   "ldr r10, [r0, #2]\n\t"
                   "sxtb16 r8, r7, ror #8\n\t"
                   "sxtb16 r7, r7\n\t"
                   "sxtb16 r9, r10\n\t"
                   "sxtb16 r10, r10, ror #8\n\t"
                   "stm r1!, {r7, r8, r9, r10}\n\t" TMB_NEXT_ROW
                   "ldr r7, [r0]\n\t"
                   "ldr r12, [r0, #2]\n\t"
                   "sxtb16 r10, r7, ror #8\n\t"
                   "sxtb16 r7, r7\n\t"
                   "sxtb16 r11, r12\n\t"
                   "sxtb16 r12, r12, ror #8\n\t"
                   "strd r7, r10, [r1, #16]\n\t"
                   "strd r11, r12, [r1, #24]\n\t"
                   "pkhbt r7, r8, r10, lsl #16\n\t"
                   "pkhtb r12, r10, r8, asr #16\n\t"
                   "pkhbt r8, r9, r11, lsl #16\n\t"
                   "pkhtb lr, r11, r9, asr #16\n\t"
                   "stm r1!, {r7, r8, r12, lr}\n\t" TMB_NEXT_ROW
                   "adds r1, r1, #16\n\t"
                   "cmp r4, #0\n\t"
                   "bgt 1b\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
                   "2:\n\t" TMB_NEXT_ROWS
                   "ldr r7, [r0]\n\t"
                   "ldr r8, [r0, #2]\n\t"
                   "ldr r9, [r0, #4]\n\t"
                   "ldr r10, [r0, #6]\n\t"
                   "sxtb16 r11, r7, ror #8\n\t"
                   "sxtb16 r12, r9, ror #8\n\t"
                   "sxtb16 r7, r7\n\t"
                   "sxtb16 r8, r8\n\t"
                   "sxtb16 r9, r9\n\t"
                   "sxtb16 r10, r10\n\t"
                   "stm r1!, {r7, r8, r9, r10}\n\t" TMB_NEXT_ROW
                   "ldr r7, [r0]\n\t"
                   "ldr r8, [r0, #2]\n\t"
                   "ldr r9, [r0, #4]\n\t"
                   "ldr r10, [r0, #6]\n\t"
                   "sxtb16 lr, r7, ror #8\n\t"
                   "sxtb16 r7, r7\n\t"
                   "sxtb16 r8, r8\n\t"
                   "strd r7, r8, [r1, #16]\n\t"
                   "sxtb16 r8, r9, ror #8\n\t"
                   "sxtb16 r9, r9\n\t"
                   "sxtb16 r10, r10\n\t"
                   "strd r9, r10, [r1, #24]\n\t"
                   "pkhbt r7, r11, lr, lsl #16\n\t"
                   "pkhtb r9, lr, r11, asr #16\n\t"
                   "pkhbt r10, r12, r8, lsl #16\n\t"
                   "pkhtb r12, r8, r12, asr #16\n\t"
                   "stm r1!, {r7, r9, r10, r12}\n\t" TMB_NEXT_ROW
                   "adds r1, r1, #16\n\t"
                   "cmp r4, #0\n\t"
                   "bgt 2b\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#undef TMB_NEXT_ROW
#undef TMB_NEXT_ROWS

#else

static void tmb_widen_rows(const tmb_rows *rows, int32_t stride) {
  const int8_t *at = rows->at;
  uint32_t *wide = rows->wide;
  int32_t run, j, i;
  for (run = 0; run < rows->runs; run += 2, wide += 12)
    for (j = 0; j < 2; ++j) {
      for (i = 0; i < 4; ++i) {
        const int8_t *taps = at + i * stride;
        wide[8 * j + i] = tmb_pkhbt((uint32_t)taps[0], (uint32_t)taps[2]);
        wide[4 + i] = j == 0 ? (uint32_t)taps[1] : tmb_pkhbt(wide[4 + i], (uint32_t)taps[1]);
      }
      if (run + j + 1 < rows->runs)
        at += rows->pitch + ((run + j + 1) % rows->rows == 0 ? rows->jump : 0);
    }
}

#endif

#endif
