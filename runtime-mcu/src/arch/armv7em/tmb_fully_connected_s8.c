/* SPDX-License-Identifier: MIT */
/* Fully connected layer, int8, with the DSP instructions of Armv7E-M. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_dsp.h"
#include "tmb_dsp_finish.h"

/* Four outputs together: a block of four activations is loaded and widened once for 16 products. */

/* What the loops work on. Assembly knows the order of the members. */
typedef struct tmb_row {
  int8_t *y;
  const int8_t *x;
  const int32_t *w_end;
  int32_t zero_point;
  int32_t units; /* whole blocks of four activations */
  uint32_t part; /* the activations that are left, zeros above */
  int32_t *acc;  /* where sums go that more than SMMLAR and SSAT must finish; else null */
  int32_t parts; /* whether any are left */
} tmb_row;

#if defined(__ARM_FEATURE_DSP)

/* r0 x, r1 weights, r2 units, r4 to r7 the accumulators; r8 and r3 activations, r9 to r12 and lr weights */
#define TMB_PRODUCTS                                                                                                           \
  "ldm r1!, {r9, r10, r11, r12}\n\t"                                                                                           \
  "sxtb16 r8, r3\n\t"                                                                                                          \
  "sxtb16 r3, r3, ror #8\n\t"                                                                                                  \
  "sxtb16 lr, r9\n\t"                                                                                                          \
  "sxtb16 r9, r9, ror #8\n\t"                                                                                                  \
  "smlad r4, lr, r8, r4\n\t"                                                                                                   \
  "smlad r5, r9, r8, r5\n\t"                                                                                                   \
  "sxtb16 lr, r10\n\t"                                                                                                         \
  "sxtb16 r10, r10, ror #8\n\t"                                                                                                \
  "smlad r6, lr, r8, r6\n\t"                                                                                                   \
  "smlad r7, r10, r8, r7\n\t"                                                                                                  \
  "sxtb16 lr, r11\n\t"                                                                                                         \
  "sxtb16 r11, r11, ror #8\n\t"                                                                                                \
  "smlad r4, lr, r3, r4\n\t"                                                                                                   \
  "smlad r5, r11, r3, r5\n\t"                                                                                                  \
  "sxtb16 lr, r12\n\t"                                                                                                         \
  "sxtb16 r12, r12, ror #8\n\t"                                                                                                \
  "smlad r6, lr, r3, r6\n\t"                                                                                                   \
  "smlad r7, r12, r3, r7\n\t"
#define TMB_UNIT "ldr r3, [r0], #4\n\t" TMB_PRODUCTS /* 80 bytes: every instruction has 4 */

/* Fours of outputs from w on. The loop has four units; the first pass starts within so that the rest is a multiple of four. */
TMB_NAKED void tmb_run_row(const tmb_row *row __attribute__((__unused__)), const int32_t *w __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldm r0, {r2, r3, r4, r5, r6, r7, r8, r12}\n\t"
                   "add r9, r3, r6, lsl #2\n\t" /* the end of x */
                   "and r6, r6, #3\n\t"
                   "movs r11, #80\n\t"
                   "adr r10, 3f\n\t"
                   "mls r10, r6, r11, r10\n\t"
                   "orr r10, r10, #1\n\t"
                   "sub sp, sp, #36\n\t"
                   "stm sp, {r2, r3, r4, r5, r7, r8, r9, r10, r12}\n" /* y, x, w_end, zero_point, part, acc, end, entry, parts */
                   "1:\n\t"
                   "ldrd r2, r3, [sp, #24]\n\t"
                   "ldr r0, [sp, #4]\n\t"
                   "ldm r1!, {r4, r5, r6, r7}\n\t"
                   "bx r3\n\t"
                   ".balign 4\n"
                   "2:\n\t" TMB_UNIT TMB_UNIT TMB_UNIT TMB_UNIT "3:\n\t"
                   "cmp r0, r2\n\t"
                   "bne 2b\n\t"
                   "ldrd r0, r2, [sp, #16]\n\t"
                   "ldr r3, [sp, #32]\n\t"
                   "cbz r3, 4f\n\t"
                   "mov r3, r0\n\t" TMB_PRODUCTS "4:\n\t"
                   "mov r0, r2\n\t"
                   "cbz r0, 5f\n\t"
                   "stm r0!, {r4, r5, r6, r7}\n\t"
                   "str r0, [sp, #20]\n\t"
                   "adds r1, r1, #16\n\t"
                   "ldr r3, [sp, #8]\n\t"
                   "b 6f\n"
                   "5:\n\t"
                   "ldm r1!, {r9, r10, r11, r12}\n\t"
                   "ldm sp, {r0, r2, r3, r8}\n\t" /* y, x, w_end, zero_point */
                   "smmlar r4, r4, r9, r8\n\t"
                   "smmlar r5, r5, r10, r8\n\t"
                   "smmlar r6, r6, r11, r8\n\t"
                   "smmlar r7, r7, r12, r8\n\t"
                   "ssat r4, #8, r4\n\t"
                   "ssat r5, #8, r5\n\t"
                   "ssat r6, #8, r6\n\t"
                   "ssat r7, #8, r7\n\t"
                   "strb r4, [r0], #1\n\t"
                   "strb r5, [r0], #1\n\t"
                   "strb r6, [r0], #1\n\t"
                   "strb r7, [r0], #1\n\t"
                   "str r0, [sp]\n"
                   "6:\n\t"
                   "cmp r1, r3\n\t"
                   "bne 1b\n\t"
                   "add sp, sp, #36\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#undef TMB_PRODUCTS
#undef TMB_UNIT

#else

static void tmb_run_row(const tmb_row *row, const int32_t *w) {
  int8_t *y = row->y;
  int32_t *sums = row->acc;
  while (w != row->w_end) {
    int32_t acc[4];
    int32_t k, j;
    for (j = 0; j < 4; ++j)
      acc[j] = w[j];
    w += 4;
    for (k = 0; k < row->units + row->parts; ++k, w += 4) {
      const uint32_t word = k < row->units ? tmb_load32(row->x + 4 * k) : row->part;
      for (j = 0; j < 4; ++j) {
        const uint32_t half = (uint32_t)w[j >> 1], other = (uint32_t)w[2 + (j >> 1)];
        acc[j] = tmb_smlad(j & 1 ? tmb_sxtb16_ror8(half) : tmb_sxtb16(half), tmb_sxtb16(word), acc[j]);
        acc[j] = tmb_smlad(j & 1 ? tmb_sxtb16_ror8(other) : tmb_sxtb16(other), tmb_sxtb16_ror8(word), acc[j]);
      }
    }
    for (j = 0; j < 4; ++j) {
      if (sums != NULL)
        *sums++ = acc[j];
      else
        *y++ = (int8_t)tmb_finish_plain(acc[j], w[j], row->zero_point);
    }
    w += 4;
  }
}

#endif

void tmb_fully_connected_s8(const int8_t *x, const int32_t *w, int8_t *y, const tmb_fully_connected_s8_params *p) {
  const tmb_dsp_output out = tmb_dsp_output_of(p->shift, p->out_zero_point, p->act_min, p->act_max);
  const int32_t words = tmb_fully_connected_s8_words(p->depth);
  const int32_t whole = out.plain ? p->cols & ~3 : 0; /* the last few must not store what stands in for others */
  int32_t m, n, j;
  tmb_row row;
  row.zero_point = p->out_zero_point;
  row.units = p->depth >> 2;
  for (m = 0; m < p->rows; ++m, x += p->depth, y += p->cols) {
    row.x = x;
    row.y = y;
    row.part = 0;
    row.parts = (p->depth & 3) != 0;
    if (row.parts)
      row.part = tmb_load_part(x + (p->depth & ~3), p->depth & 3);
    if (whole > 0) {
      row.acc = NULL;
      row.w_end = w + (whole >> 2) * words;
      tmb_run_row(&row, w);
    }
    for (n = whole; n < p->cols; n += 4) {
      int32_t acc[4];
      const int32_t *from = w + (n >> 2) * words;
      row.acc = acc;
      row.w_end = from + words;
      tmb_run_row(&row, from);
      for (j = 0; j < 4 && n + j < p->cols; ++j)
        y[n + j] = (int8_t)tmb_finish_general(acc[j], row.w_end[j - 4], &out);
    }
  }
}
