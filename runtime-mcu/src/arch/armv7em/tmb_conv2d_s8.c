/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int8, with the DSP instructions of Armv7E-M. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_dsp.h"
#include "tmb_dsp_finish.h"

/* Blocks of four output positions by two channels: eight accumulators, as many as the registers allow. The activations under the
 * four windows are widened to halves once for all channels: `wide` holds, for each block of four activations, the even pair of
 * each position, then the odd pair of each. The weights come in that order too (tmb_layout.h), so that 16 products take
 * 13 instructions. */

/* What the innermost loops work on. Assembly knows the order of the members. */
typedef struct tmb_block {
  int8_t *y;        /* the first channel at the first position */
  int32_t y_stride; /* from one position to the next */
  int32_t zero_point;
  const uint32_t *wide;
  const int32_t *w_end;
  int32_t *acc;  /* where sums go that more than SMMLAR and SSAT must finish, eight of each pair of channels; else null */
  int32_t units; /* blocks of four activations */
} tmb_block;

#if defined(__ARM_FEATURE_DSP)

/* r0 wide, r1 weights, r4 to r11 the accumulators (channel a and b of each position) */
#define TMB_WEIGHTS                                                                                                            \
  "ldr lr, [r1], #4\n\t"                                                                                                       \
  "ldrd r2, r3, [r0], #8\n\t"                                                                                                  \
  "sxtb16 r12, lr\n\t"                                                                                                         \
  "sxtb16 lr, lr, ror #8\n\t"
#define TMB_WORD                                                                                                               \
  TMB_WEIGHTS                                                                                                                  \
  "smlad r4, r12, r2, r4\n\t"                                                                                                  \
  "smlad r5, lr, r2, r5\n\t"                                                                                                   \
  "smlad r6, r12, r3, r6\n\t"                                                                                                  \
  "smlad r7, lr, r3, r7\n\t"                                                                                                   \
  "ldrd r2, r3, [r0], #8\n\t"                                                                                                  \
  "smlad r8, r12, r2, r8\n\t"                                                                                                  \
  "smlad r9, lr, r2, r9\n\t"                                                                                                   \
  "smlad r10, r12, r3, r10\n\t"                                                                                                \
  "smlad r11, lr, r3, r11\n\t"
#define TMB_UNITS4 TMB_WORD TMB_WORD TMB_WORD TMB_WORD TMB_WORD TMB_WORD TMB_WORD TMB_WORD
#define TMB_FINISH(a, b)                                                                                                       \
  "smmlar " a ", " a ", r12, r3\n\t"                                                                                           \
  "smmlar " b ", " b ", lr, r3\n\t"                                                                                            \
  "ssat " a ", #8, " a "\n\t"                                                                                                  \
  "ssat " b ", #8, " b "\n\t"                                                                                                  \
  "bfi " a ", " b ", #8, #8\n\t"

/* Pairs of channels from w on. The loop has sixteen units of 104 bytes (every instruction has 4). After one unit that takes the
 * bias into all accumulators, the first pass starts within so that the rest is a multiple of sixteen. */
TMB_NAKED void tmb_run_block(const tmb_block *block __attribute__((__unused__)),
                             const int32_t *w __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldm r0, {r2, r3, r4, r5, r6, r7, r8}\n\t"
                   "add r9, r5, r8, lsl #5\n\t" /* the end of wide */
                   "subs r8, r8, #1\n\t"
                   "and r8, r8, #15\n\t"
                   "movs r11, #104\n\t"
                   "adr r10, 3f\n\t"
                   "mls r10, r8, r11, r10\n\t"
                   "orr r10, r10, #1\n\t"
                   "adr r11, 4f\n\t"
                   "cmp r7, #0\n\t"
                   "it ne\n\t"
                   "adrne r11, 5f\n\t"
                   "orr r11, r11, #1\n\t"
                   "sub sp, sp, #36\n\t"
                   /* y, y_stride, zero_point, wide, w_end, acc, end, entry, exit */
                   "stm sp, {r2, r3, r4, r5, r6, r7, r9, r10, r11}\n\t"
                   "mov r0, r5\n"
                   "1:\n\t"
                   "ldrd r4, r5, [r1], #8\n\t" TMB_WEIGHTS
                   "smlad r6, r12, r3, r4\n\t"
                   "smlad r7, lr, r3, r5\n\t"
                   "ldrd r8, r10, [r0], #8\n\t"
                   "smlad r9, lr, r8, r5\n\t"
                   "smlad r8, r12, r8, r4\n\t"
                   "smlad r11, lr, r10, r5\n\t"
                   "smlad r10, r12, r10, r4\n\t"
                   "smlad r4, r12, r2, r4\n\t"
                   "smlad r5, lr, r2, r5\n\t" TMB_WORD
                   "ldr pc, [sp, #28]\n\t"
                   ".balign 4\n"
                   "2:\n\t" TMB_UNITS4 TMB_UNITS4 TMB_UNITS4 TMB_UNITS4
                   "3:\n\t"
                   "ldr r2, [sp, #24]\n\t"
                   "cmp r0, r2\n\t"
                   "bne 2b\n\t"
                   "ldr pc, [sp, #32]\n\t"
                   ".balign 4\n"
                   "4:\n\t"
                   "ldrd r12, lr, [r1], #8\n\t"
                   "ldm sp, {r0, r2, r3}\n\t" TMB_FINISH("r4", "r5") TMB_FINISH("r6", "r7") TMB_FINISH("r8", "r9")
                       TMB_FINISH("r10", "r11")
                   "add r3, r0, r2, lsl #1\n\t"
                   "strh r8, [r3]\n\t"
                   "strh r10, [r3, r2]\n\t"
                   "strh r6, [r0, r2]\n\t"
                   "strh r4, [r0], #2\n\t"
                   "str r0, [sp]\n"
                   "6:\n\t"
                   "ldrd r0, r2, [sp, #12]\n\t"
                   "cmp r1, r2\n\t"
                   "bne 1b\n\t"
                   "add sp, sp, #36\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                   ".balign 4\n"
                   "5:\n\t"
                   "ldr r2, [sp, #20]\n\t"
                   "stm r2!, {r4, r5, r6, r7, r8, r9, r10, r11}\n\t"
                   "str r2, [sp, #20]\n\t"
                   "adds r1, r1, #8\n\t"
                   "b 6b");
}

/* The same for the first position alone, and never with acc. */
TMB_NAKED void tmb_run_single(const tmb_block *block __attribute__((__unused__)),
                              const int32_t *w __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldm r0, {r2, r3, r4, r5, r6, r7, r8}\n" /* y, -, zero_point, wide, w_end, -, units */
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

#undef TMB_UNITS4
#undef TMB_WEIGHTS
#undef TMB_WORD
#undef TMB_FINISH

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

#else

static void tmb_run_block(const tmb_block *block, const int32_t *w) {
  int8_t *y = block->y;
  int32_t *sums = block->acc;
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
      if (sums != NULL)
        *sums++ = acc[i];
      else
        y[(i >> 1) * block->y_stride + (i & 1)] = (int8_t)tmb_finish_plain(acc[i], w[i & 1], block->zero_point);
    }
    w += 2;
    y += 2;
  }
}

static void tmb_run_single(const tmb_block *block, const int32_t *w) {
  tmb_block copy = *block;
  copy.y_stride = 0; /* all positions are the same */
  tmb_run_block(&copy, w);
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

#endif

/* One group of one layer. */
typedef struct tmb_layer {
  const tmb_conv2d_s8_params *p;
  tmb_conv2d_s8_layout layout;
  tmb_dsp_output out;
  uint32_t *wide;
  int8_t *rests;        /* what is left of the runs of four windows */
  int8_t *copies;       /* four windows; or a run of each, and a run of padding */
  int32_t row, per_row; /* from a row of taps to the next; taps in a run */
  int32_t tap;          /* bytes of a tap */
} tmb_layer;

/* A window: the place of its first tap, in the image or beside it. */
typedef struct tmb_place {
  const int8_t *at;
  int32_t iy, ix;
} tmb_place;

/* `count` bytes of value. */
static inline int8_t *tmb_fill(int8_t *to, int32_t count, int32_t value) {
  const uint32_t word = (uint32_t)(uint8_t)value * 0x01010101u;
  for (; count >= 4; count -= 4, to += 4)
    tmb_store32(to, word);
  for (; count > 0; --count)
    *to++ = (int8_t)value;
  return to;
}

/* Copies a run: `before` bytes of padding, `inside` bytes from `from`, padding to the end. */
__attribute__((__noinline__)) static void tmb_copy_run(int8_t *to, const int8_t *from, int32_t before, int32_t inside,
                                                       const tmb_layer *layer) {
  const int32_t zero = layer->p->in_zero_point, after = layer->layout.run - before - inside;
  int8_t *end;
  to = tmb_fill(to, before, zero);
  from += before;
  for (end = to + inside; end - to >= 4; to += 4, from += 4)
    tmb_store32(to, tmb_load32(from));
  while (to != end)
    *to++ = *from++;
  (void)tmb_fill(to, after, zero);
}

/* How many bytes of the run at column ix lie left of the image, and inside. */
static inline void tmb_clip_run(int32_t ix, int32_t *before, int32_t *inside, const tmb_layer *layer) {
  const int32_t left = ix < 0 ? -ix : 0, over = ix + layer->per_row - layer->p->in_w, right = over > 0 ? over : 0;
  const int32_t taps = layer->per_row - left - right;
  *before = taps > 0 ? left * layer->tap : 0;
  *inside = taps > 0 ? taps * layer->tap : 0;
}

/* Copies a window, run after run. Locals, as stores might change what pointers lead to for all that the compiler knows. */
__attribute__((__noinline__)) static void tmb_copy_window(int8_t *to, const tmb_place *window, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t run = layer->layout.run, kernel_h = p->kernel_h, kernel_w = p->kernel_w, step = p->dilation_h, row = layer->row;
  const int32_t next = kernel_w * layer->tap; /* from a row of taps to the next in the copy */
  const uint32_t in_h = (uint32_t)p->in_h, zeros = (uint32_t)(uint8_t)p->in_zero_point * 0x01010101u;
  int32_t kx, ky;
  for (kx = 0; kx < kernel_w; kx += layer->per_row) {
    const int8_t *from = window->at + kx * p->dilation_w * p->in_c;
    int8_t *at = to + kx * layer->tap;
    int32_t before, inside, after, iy = window->iy;
    tmb_clip_run(window->ix + kx * p->dilation_w, &before, &inside, layer);
    after = run - before - inside;
    if (run == 4 && inside > 0 && (before == 0 || after == 0) && p->in_w * layer->tap >= 4 && p->groups <= 1) {
      /* Runs of one word, which may leave the image on one side, are shifted into their place. */
      const uint32_t padding = before > 0 ? zeros >> 8 >> (24 - 8 * before) : zeros << 8 << (24 - 8 * after);
      const uint32_t left = 8 * (uint32_t)before, right = 8 * (uint32_t)after;
      from += before - after;
      for (ky = kernel_h; ky > 0; --ky, iy += step, from += row, at += next)
        tmb_store32(at, (uint32_t)iy < in_h ? (tmb_load32(from) << left >> right) | padding : zeros);
      continue;
    }
    for (ky = kernel_h; ky > 0; --ky, iy += step, from += row, at += next) {
      const int is_row = (uint32_t)iy < in_h;
      tmb_copy_run(at, from, is_row ? before : 0, is_row ? inside : 0, layer);
    }
  }
}

/* Widens four windows at places that they may be read at, `row` bytes from run to run. */
__attribute__((__noinline__)) static void tmb_widen_windows(const int8_t *const *places, int32_t row, const tmb_layer *layer) {
  const int32_t runs = layer->layout.runs, whole = layer->layout.whole, left = layer->layout.run - whole;
  const int32_t rest = layer->layout.depth - runs * whole;
  int32_t i, r, j;
  if (whole == row) /* the runs are one */
    tmb_widen4(places, layer->wide, (whole >> 2) * runs, 1, 0);
  else if (whole > 0)
    tmb_widen4(places, layer->wide, whole >> 2, runs, row - whole);
  if (rest > 0) {
    const int8_t *rests[4];
    int8_t *to = layer->rests, *at;
    for (i = 0; i < 4; ++i) {
      const int8_t *from = places[i] + whole;
      rests[i] = to;
      to += rest;
      if (left == 1 && runs == 3) { /* as many 3x3 windows of three-channel images have it */
        tmb_store32(to - 4, (uint32_t)(uint8_t)from[0] | ((uint32_t)(uint8_t)from[row] << 8) |
                                ((uint32_t)(uint8_t)from[2 * row] << 16));
        continue;
      }
      tmb_store32(to - 4, 0);
      for (r = 0, at = to - rest; r < runs; ++r, from += row)
        for (j = 0; j < left; ++j)
          *at++ = from[j];
    }
    tmb_widen4(rests, layer->wide + 2 * runs * whole, rest >> 2, 1, 0);
  }
}

/* Widens four windows, some of which leave the image, run by run. */
__attribute__((__noinline__)) static void tmb_widen_runs(const tmb_place *windows, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t run = layer->layout.run, kernel_h = p->kernel_h, kernel_w = p->kernel_w, step = p->dilation_h, row = layer->row;
  const uint32_t in_h = (uint32_t)p->in_h;
  int8_t *const copies = layer->copies;
  int32_t ky, kx, i;
  for (kx = 0; kx < kernel_w; kx += layer->per_row) {
    uint32_t *to = layer->wide + 2 * kx * layer->tap;
    int32_t offset = kx * p->dilation_w * p->in_c;
    int32_t before[4], inside[4];
    for (i = 0; i < 4; ++i)
      tmb_clip_run(windows[i].ix + kx * p->dilation_w, before + i, inside + i, layer);
    for (ky = 0; ky < kernel_h; ++ky, offset += row) {
      const int8_t *places[4];
      for (i = 0; i < 4; ++i) {
        const int8_t *from = windows[i].at + offset;
        if ((uint32_t)(windows[i].iy + ky * step) >= in_h) {
          from = copies + 4 * run;
        } else if (inside[i] != run) {
          tmb_copy_run(copies + i * run, from, before[i], inside[i], layer);
          from = copies + i * run;
        }
        places[i] = from;
      }
      tmb_widen4(places, to, run >> 2, 1, 0);
      to += 2 * kernel_w * layer->tap;
    }
  }
}

/* All channels of a group at four positions, or at one. */
static void tmb_finish_block(tmb_block *block, const int32_t *w, int32_t positions, const tmb_layer *layer) {
  const int32_t cols = layer->layout.cols, words = layer->layout.words;
  int32_t c = 0, i;
  if (layer->out.plain && cols > 1) { /* an odd last channel must not store its partner */
    c = cols & ~1;
    block->acc = NULL;
    block->w_end = w + (c >> 1) * words;
    if (positions == 4)
      tmb_run_block(block, w);
    else
      tmb_run_single(block, w);
  }
  for (; c < cols; c += 2) {
    int32_t acc[8];
    const int32_t *from = w + (c >> 1) * words;
    block->acc = acc;
    block->w_end = from + words;
    tmb_run_block(block, from);
    for (i = 0; i < 2 * positions; ++i)
      if (c + (i & 1) < cols)
        block->y[(i >> 1) * block->y_stride + c + (i & 1)] =
            (int8_t)tmb_finish_general(acc[i], block->w_end[(i & 1) - 2], &layer->out);
  }
}

/* One group of one image: x at the group's first channel, y at its first output channel. */
static void tmb_group(const int8_t *x, const int32_t *w, int8_t *y, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t run = layer->layout.run, kernel_h = p->kernel_h;
  const int by_runs = run >= TMB_CONV2D_S8_SHORT && run == layer->layout.whole; /* how windows outside are copied */
  const int32_t total = p->out_h * p->out_w, step_x = p->stride_w * p->in_c;
  /* Four windows side by side begin in these rows and columns if they are inside. */
  const int32_t reach_h = p->in_h - (kernel_h - 1) * p->dilation_h;
  const int32_t reach_w = p->in_w - (p->kernel_w - 1) * p->dilation_w - 3 * p->stride_w;
  const int direct = layer->layout.runs == kernel_h;
  int32_t position = 0, oy = 0, ox = 0, i;
  tmb_block block;
  block.zero_point = layer->out.zero_point;
  block.wide = layer->wide;
  block.units = layer->layout.depth >> 2;
  block.y_stride = p->out_c;
  while (position < total) {
    const int32_t iy = oy * p->stride_h - p->pad_top, ix = ox * p->stride_w - p->pad_left;
    /* The last few one by one: they must not read again what they may have overwritten. */
    const int32_t step = total - position < 4 ? 1 : 4;
    if (direct && step == 4 && ox + 4 <= p->out_w && iy >= 0 && iy < reach_h && ix >= 0 && ix < reach_w) {
      const int8_t *places[4];
      places[0] = x + (iy * p->in_w + ix) * p->in_c;
      places[1] = places[0] + step_x;
      places[2] = places[1] + step_x;
      places[3] = places[2] + step_x;
      tmb_widen_windows(places, layer->row, layer);
      ox += 4;
    } else {
      tmb_place windows[4];
      int inside = direct;
      for (i = 0; i < 4; ++i) {
        windows[i].iy = oy * p->stride_h - p->pad_top;
        windows[i].ix = ox * p->stride_w - p->pad_left;
        windows[i].at = x + (windows[i].iy * p->in_w + windows[i].ix) * p->in_c;
        inside = inside && windows[i].iy >= 0 && windows[i].iy < reach_h && windows[i].ix >= 0 &&
                 windows[i].ix < reach_w + 3 * p->stride_w;
        if (i < step && ++ox == p->out_w) {
          ox = 0;
          ++oy;
        }
        if (step == 1) {
          windows[1] = windows[2] = windows[3] = windows[0];
          break;
        }
      }
      if (inside) {
        const int8_t *places[4];
        for (i = 0; i < 4; ++i)
          places[i] = windows[i].at;
        tmb_widen_windows(places, layer->row, layer);
      } else if (by_runs) {
        tmb_widen_runs(windows, layer);
      } else {
        const int32_t size = layer->layout.runs * run;
        const int8_t *places[4];
        for (i = 0; i < 4; ++i) {
          places[i] = layer->copies + (i < step ? i * size : 0);
          if (i < step)
            tmb_copy_window(layer->copies + i * size, windows + i, layer);
        }
        tmb_widen_windows(places, run, layer);
      }
    }
    if (ox == p->out_w) {
      ox = 0;
      ++oy;
    }
    block.y = y;
    tmb_finish_block(&block, w, step, layer);
    position += step;
    y += step * p->out_c;
  }
}

void tmb_conv2d_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *params) {
  tmb_conv2d_s8_params copy = *params;
  const tmb_conv2d_s8_params *p = &copy;
  tmb_layer layer;
  int32_t n, g;
  layer.p = p;
  layer.layout = tmb_conv2d_s8_layout_of(p);
  layer.out = tmb_dsp_output_of(p->shift, p->out_zero_point, p->act_min, p->act_max);
  layer.wide = (uint32_t *)scratch;
  layer.rests = (int8_t *)(layer.wide + 2 * layer.layout.depth);
  layer.copies = layer.rests + 4 * (layer.layout.depth - layer.layout.runs * layer.layout.whole);
  layer.row = p->dilation_h * p->in_w * p->in_c;
  layer.per_row = layer.layout.runs == p->kernel_h && p->groups <= 1 ? p->kernel_w : 1;
  layer.tap = p->groups <= 1 ? p->in_c : p->in_c / p->groups;
  if (tmb_conv2d_s8_copies(p) && layer.layout.run >= TMB_CONV2D_S8_SHORT && layer.layout.run == layer.layout.whole)
    (void)tmb_fill(layer.copies + 4 * layer.layout.run, layer.layout.run, p->in_zero_point);
  if (p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->pad_top == 0 && p->pad_left == 0 &&
      p->out_h == p->in_h && p->out_w == p->in_w) {
    /* The windows are the pixels, which may as well be one row. */
    copy.in_w = copy.out_w = p->batch * p->in_h * p->in_w;
    copy.batch = copy.in_h = copy.out_h = 1;
  }
  for (g = 0; g < p->groups; ++g) {
    const int32_t channel = g == 0 ? 0 : g * (p->in_c / p->groups);
    const int32_t *weights = w + g * ((layer.layout.cols + 1) / 2) * layer.layout.words;
    for (n = 0; n < p->batch; ++n)
      tmb_group(x + n * p->in_h * p->in_w * p->in_c + channel, weights,
                y + n * p->out_h * p->out_w * p->out_c + g * layer.layout.cols, &layer);
  }
}
