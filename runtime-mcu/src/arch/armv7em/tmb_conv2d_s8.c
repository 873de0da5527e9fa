/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int8, with the DSP instructions of Armv7E-M. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "tmb_dsp.h"
#include "tmb_dsp_finish.h"

/* Four output positions are computed together, so that weights are loaded and widened once for four products.
 *
 * The activations under the four windows, in the order of the weights, are widened to halves before: `wide` holds, for each
 * block of four activations, the even pair of each of the four positions, then the odd pair of each. A position in the padding
 * is a run of zero points there, and the end of the last block is zeros, so the products need no tests.
 *
 * If a window does not fit `wide` it is cut into pieces; accumulators of a few channels wait in `acc` for the next piece. */
#define TMB_PIECE 64    /* activations of a window in `wide` */
#define TMB_CHANNELS 16 /* channels that have accumulators in `acc` */

typedef struct tmb_buffers {
  uint32_t wide[2 * TMB_PIECE];
  int32_t acc[4 * TMB_CHANNELS];
} tmb_buffers;

/* Packs runs of bytes into words and widens them. */
typedef struct tmb_widener {
  uint32_t *wide; /* the next block of the position */
  uint32_t word;  /* bytes that do not fill a word yet */
  uint32_t bits;  /* how many bits they have */
} tmb_widener;

static inline void tmb_widen_word(uint32_t *wide, uint32_t word) {
  wide[0] = tmb_sxtb16(word);
  wide[4] = tmb_sxtb16_ror8(word);
}

/* Appends count bytes from x or, if step is 0 rather than 4, the first of four equal bytes again and again. */
__attribute__((__noinline__)) static void tmb_widen(tmb_widener *to, const int8_t *x, int32_t step, int32_t count) {
  uint32_t *wide = to->wide;
  uint32_t bits = to->bits, rest = to->word;
  for (; count >= 4; count -= 4, x += step, wide += 8) {
    const uint32_t word = tmb_load32(x);
    tmb_widen_word(wide, rest | (word << bits));
    rest = word >> 1 >> (31 - bits);
  }
  if (count > 0) {
    const uint32_t word = tmb_load_part(x, count);
    const uint32_t total = bits + 8 * (uint32_t)count;
    rest |= word << bits;
    if (total >= 32) {
      tmb_widen_word(wide, rest);
      wide += 8;
      rest = word >> 1 >> (31 - bits);
      bits = total - 32;
    } else {
      bits = total;
    }
  }
  to->wide = wide;
  to->word = rest;
  to->bits = bits;
}

/* Widens the activations [from, from + count) of the window at (iy, ix) of the image x, seen from the group's first channel. */
__attribute__((__noinline__)) static void tmb_widen_window(tmb_widener *to, const int8_t *x, int32_t iy, int32_t ix,
                                                           int32_t depth, int32_t from, int32_t count,
                                                           const tmb_conv2d_s8_params *p) {
  const int32_t row_size = p->kernel_w * depth;
  const uint32_t zeros = (uint32_t)(uint8_t)p->in_zero_point * 0x01010101u;
  const int8_t *padding = (const int8_t *)&zeros;
  /* A row of taps is one run of memory if nothing leaves gaps in it. */
  const int dense = p->groups == 1 && (p->dilation_w == 1 || p->kernel_w == 1) && ix >= 0 && ix + p->kernel_w <= p->in_w;
  int32_t ky, at;
  if (count == 0) /* nor may there be anything to divide by */
    return;
  ky = from / row_size;
  at = from - ky * row_size;
  iy += ky * p->dilation_h;
  while (count > 0) {
    int32_t run = row_size - at;
    if (iy < 0 || iy >= p->in_h) {
      run = run < count ? run : count;
      tmb_widen(to, padding, 0, run);
    } else if (dense) {
      run = run < count ? run : count;
      tmb_widen(to, x + (iy * p->in_w + ix) * p->in_c + at, 4, run);
    } else {
      const int32_t kx = at / depth, channel = at - kx * depth;
      const int32_t column = ix + kx * p->dilation_w;
      run = depth - channel < count ? depth - channel : count;
      if (column < 0 || column >= p->in_w)
        tmb_widen(to, padding, 0, run);
      else
        tmb_widen(to, x + (iy * p->in_w + column) * p->in_c + channel, 4, run);
    }
    count -= run;
    at += run;
    if (at == row_size) {
      at = 0;
      iy += p->dilation_h;
    }
  }
}

/* What the innermost loops work on. Assembly knows the order of the members. */
typedef struct tmb_job {
  const int32_t *bias; /* of the first channel */
  const int32_t *multiplier;
  int8_t *y;
  int32_t y_stride; /* from one position to the next */
  int32_t zero_point;
  int32_t *acc; /* four of each channel */
  const uint32_t *wide;
  int32_t blocks; /* of four activations */
  int32_t part;   /* activations in the last, incomplete block */
  const int8_t *w;
  int32_t w_stride; /* from the end of what a channel reads to the next channel */
  int32_t channels;
} tmb_job;

#if defined(__ARM_FEATURE_DSP)

/* r0 wide, r1 w, r2 blocks, r3 job, r4 to r7 the accumulators of the four positions; r8 to r11 activations, r12 and lr weights
 */
#define TMB_PRODUCTS(weights)                                                                                                  \
  "ldmia r0!, {r8, r9, r10, r11}\n\t"                                                                                          \
  "smlad r4, " weights ", r8, r4\n\t"                                                                                          \
  "smlad r5, " weights ", r9, r5\n\t"                                                                                          \
  "smlad r6, " weights ", r10, r6\n\t"                                                                                         \
  "smlad r7, " weights ", r11, r7\n\t"
#define TMB_WEIGHTS                                                                                                            \
  "sxtb16 lr, r12\n\t"                                                                                                         \
  "sxtb16 r12, r12, ror #8\n\t" TMB_PRODUCTS("lr") TMB_PRODUCTS("r12")
#define TMB_BLOCK "ldr r12, [r1], #4\n\t" TMB_WEIGHTS
/* All blocks of one channel, two a turn; an odd number starts with the second. Then the incomplete block. */
#define TMB_DOT                                                                                                                \
  "ldrd r0, r2, [r3, #24]\n\t"                                                                                                 \
  "lsrs r12, r2, #1\n\t"                                                                                                       \
  "bcs 3f\n\t"                                                                                                                 \
  "beq 4f\n"                                                                                                                   \
  "2:\n\t" TMB_BLOCK "5:\n\t" TMB_BLOCK "subs r2, r2, #2\n\t"                                                                  \
  "bne 2b\n"                                                                                                                   \
  "4:\n\t"                                                                                                                     \
  "ldr r2, [r3, #32]\n\t"                                                                                                      \
  "cbz r2, 6f\n\t"                                                                                                             \
  "ldrb r12, [r1], #1\n\t"                                                                                                     \
  "subs r2, r2, #2\n\t"                                                                                                        \
  "blt 7f\n\t"                                                                                                                 \
  "ldrb lr, [r1], #1\n\t"                                                                                                      \
  "orr r12, r12, lr, lsl #8\n\t"                                                                                               \
  "beq 7f\n\t"                                                                                                                 \
  "ldrb lr, [r1], #1\n\t"                                                                                                      \
  "orr r12, r12, lr, lsl #16\n"                                                                                                \
  "7:\n\t" TMB_WEIGHTS "b 6f\n"                                                                                                \
  "3:\n\t"                                                                                                                     \
  "adds r2, r2, #1\n\t"                                                                                                        \
  "b 5b\n"                                                                                                                     \
  "6:\n\t"

/* Channels from bias to y at four positions. Neither shift nor activation limits. */
TMB_NAKED void tmb_run_whole(tmb_job *job __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "mov r3, r0\n\t"
                   "ldr r1, [r3, #36]\n"
                   "1:\n\t"
                   "ldr r12, [r3]\n\t"
                   "ldr r4, [r12]\n\t"
                   "mov r5, r4\n\t"
                   "mov r6, r4\n\t"
                   "mov r7, r4\n\t" TMB_DOT
                   "ldmia r3, {r8, r9, r10, r11, r12}\n\t" /* bias, multiplier, y, y_stride, zero_point */
                   "ldr lr, [r9], #4\n\t"
                   "adds r8, r8, #4\n\t"
                   "smmlar r4, r4, lr, r12\n\t"
                   "smmlar r5, r5, lr, r12\n\t"
                   "smmlar r6, r6, lr, r12\n\t"
                   "smmlar r7, r7, lr, r12\n\t"
                   "ssat r4, #8, r4\n\t"
                   "ssat r5, #8, r5\n\t"
                   "ssat r6, #8, r6\n\t"
                   "ssat r7, #8, r7\n\t"
                   "add r0, r10, r11, lsl #1\n\t"
                   "strb r5, [r10, r11]\n\t"
                   "strb r4, [r10], #1\n\t"
                   "strb r6, [r0]\n\t"
                   "strb r7, [r0, r11]\n\t"
                   "ldr r12, [r3, #44]\n\t"
                   "stmia r3, {r8, r9, r10}\n\t"
                   "subs r12, r12, #1\n\t"
                   "str r12, [r3, #44]\n\t"
                   "bne 1b\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

/* Channels from acc to acc. */
TMB_NAKED void tmb_run_piece(tmb_job *job __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "mov r3, r0\n\t"
                   "ldr r1, [r3, #36]\n"
                   "1:\n\t"
                   "ldr r12, [r3, #20]\n\t"
                   "ldmia r12, {r4, r5, r6, r7}\n\t" TMB_DOT "ldr r12, [r3, #20]\n\t"
                   "stmia r12!, {r4, r5, r6, r7}\n\t"
                   "ldrd r8, r9, [r3, #40]\n\t" /* w_stride, channels */
                   "str r12, [r3, #20]\n\t"
                   "add r1, r1, r8\n\t"
                   "subs r9, r9, #1\n\t"
                   "str r9, [r3, #44]\n\t"
                   "bne 1b\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#undef TMB_PRODUCTS
#undef TMB_WEIGHTS
#undef TMB_BLOCK
#undef TMB_DOT

#else

/* acc[i] += the products of the activations of position i with one channel's weights; returns the end of those. */
static const int8_t *tmb_run_dot(const int8_t *w, const tmb_job *job, int32_t *acc) {
  const uint32_t *wide = job->wide;
  int32_t k, i;
  for (k = 0; k < 4 * job->blocks + job->part; k += 4, wide += 8) {
    const uint32_t word = k < 4 * job->blocks ? tmb_load32(w + k) : tmb_load_part(w + k, job->part);
    for (i = 0; i < 4; ++i)
      acc[i] = tmb_smlad(tmb_sxtb16_ror8(word), wide[i + 4], tmb_smlad(tmb_sxtb16(word), wide[i], acc[i]));
  }
  return w + 4 * job->blocks + job->part;
}

static void tmb_run_whole(tmb_job *job) {
  const int8_t *w = job->w;
  int32_t c, i;
  for (c = 0; c < job->channels; ++c) {
    int32_t acc[4];
    acc[0] = acc[1] = acc[2] = acc[3] = job->bias[c];
    w = tmb_run_dot(w, job, acc);
    for (i = 0; i < 4; ++i)
      job->y[c + i * job->y_stride] = (int8_t)tmb_finish_plain(acc[i], job->multiplier[c], job->zero_point);
  }
}

static void tmb_run_piece(tmb_job *job) {
  const int8_t *w = job->w;
  int32_t c;
  for (c = 0; c < job->channels; ++c)
    w = tmb_run_dot(w, job, job->acc + 4 * c) + job->w_stride;
}

#endif

/* What one group of one layer is made of. */
typedef struct tmb_layer {
  const int8_t *w;
  const int32_t *bias, *multiplier;
  int32_t depth; /* activations of a window */
  int32_t cols;  /* output channels */
  tmb_dsp_output out;
} tmb_layer;

#if defined(__ARM_FEATURE_DSP)

/* Widens blocks of four bytes from each of four places, offset bytes on. There is at least one block. */
TMB_NAKED void tmb_widen4(const int8_t *const *places __attribute__((__unused__)), int32_t offset __attribute__((__unused__)),
                          int32_t blocks __attribute__((__unused__)), uint32_t *wide __attribute__((__unused__))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldmia r0, {r4, r5, r6, r7}\n\t"
                   "add r4, r4, r1\n\t"
                   "add r5, r5, r1\n\t"
                   "add r6, r6, r1\n\t"
                   "add r7, r7, r1\n"
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
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#else

static void tmb_widen4(const int8_t *const *places, int32_t offset, int32_t blocks, uint32_t *wide) {
  int32_t i, k;
  for (k = 0; k < blocks; ++k)
    for (i = 0; i < 4; ++i)
      tmb_widen_word(wide + 8 * k + i, tmb_load32(places[i] + offset + 4 * k));
}

#endif

/* Up to four windows, seen from the group's first channel. */
typedef struct tmb_windows {
  const int8_t *places[4]; /* the first pixels of windows inside the image; of the others, those of one that is, or null */
  const int8_t *x[4];      /* the images of the other windows, else null */
  int32_t iy[4], ix[4];
} tmb_windows;

/* The windows at some positions. With dense, they are the pixels of x. */
__attribute__((__noinline__)) static void tmb_windows_at(tmb_windows *windows, const int8_t *x, int32_t position,
                                                         int32_t positions, int dense, const tmb_conv2d_s8_params *p) {
  /* Windows inside the image are widened together, if their rows are runs of whole words. */
  const int together =
      p->groups == 1 && (p->dilation_w == 1 || p->kernel_w == 1) && (p->kernel_h == 1 || ((p->kernel_w * p->in_c) & 3) == 0);
  const int32_t image = p->in_h * p->in_w * p->in_c;
  const int8_t *inside = NULL;
  int32_t ox = 0, oy = 0, i;
  if (!dense) {
    const int32_t row = position / p->out_w;
    ox = position - row * p->out_w;
    x += row / p->out_h * image;
    oy = row % p->out_h;
  }
  for (i = 0; i < 4; ++i) {
    windows->places[i] = windows->x[i] = NULL;
    if (i >= positions)
      continue;
    if (dense) {
      windows->places[i] = inside = x + (position + i) * p->in_c;
      continue;
    }
    windows->iy[i] = oy * p->stride_h - p->pad_top;
    windows->ix[i] = ox * p->stride_w - p->pad_left;
    if (together && windows->iy[i] >= 0 && windows->iy[i] + (p->kernel_h - 1) * p->dilation_h < p->in_h &&
        windows->ix[i] >= 0 && windows->ix[i] + p->kernel_w <= p->in_w)
      windows->places[i] = inside = x + (windows->iy[i] * p->in_w + windows->ix[i]) * p->in_c;
    else
      windows->x[i] = x;
    if (++ox == p->out_w) {
      ox = 0;
      if (++oy == p->out_h) {
        oy = 0;
        x += image;
      }
    }
  }
  for (i = 0; i < 4; ++i)
    if (windows->places[i] == NULL)
      windows->places[i] = inside;
}

/* Widens the activations [from, from + count) of the windows. */
__attribute__((__noinline__)) static void tmb_widen_windows(uint32_t *wide, const tmb_windows *windows, int32_t from,
                                                            int32_t count, const tmb_conv2d_s8_params *p) {
  const int32_t depth = p->groups == 1 ? p->in_c : p->in_c / p->groups;
  int32_t i;
  if (windows->places[0] != NULL) {
    const int32_t row_size = p->kernel_w * depth;
    const int32_t part = count & 3; /* only if the window is one row */
    int32_t rest = count - part, at = from, ky = 0;
    uint32_t *to = wide;
    if (at >= row_size && rest > 0) {
      ky = at / row_size;
      at -= ky * row_size;
    }
    while (rest > 0) {
      const int32_t run = row_size - at < rest ? row_size - at : rest;
      tmb_widen4(windows->places, ky * p->dilation_h * p->in_w * p->in_c + at, run >> 2, to);
      to += 2 * run;
      rest -= run;
      at += run;
      if (at == row_size) {
        at = 0;
        ++ky;
      }
    }
    if (part > 0)
      for (i = 0; i < 4; ++i)
        tmb_widen_word(to + i, tmb_load_part(windows->places[i] + at, part));
  }
  for (i = 0; i < 4; ++i) {
    if (windows->x[i] != NULL) {
      tmb_widener to;
      to.wide = wide + i;
      to.word = 0;
      to.bits = 0;
      tmb_widen_window(&to, windows->x[i], windows->iy[i], windows->ix[i], depth, from, count, p);
      if (to.bits > 0)
        tmb_widen_word(to.wide, to.word);
    }
  }
}

/* Outputs from accumulators, four of each channel, at positions that are y_stride apart. */
__attribute__((__noinline__)) static void tmb_store(const int32_t *acc, const int32_t *multiplier, int8_t *y, int32_t y_stride,
                                                    int32_t positions, int32_t channels, const tmb_dsp_output *out) {
  int32_t c, i;
  if (out->plain && positions == 4) {
    const int32_t zero_point = out->zero_point;
    for (c = 0; c < channels; ++c, acc += 4, ++y) {
      const int32_t factor = multiplier[c];
      int8_t *y2 = y + 2 * y_stride;
      y[0] = (int8_t)tmb_finish_plain(acc[0], factor, zero_point);
      y[y_stride] = (int8_t)tmb_finish_plain(acc[1], factor, zero_point);
      y2[0] = (int8_t)tmb_finish_plain(acc[2], factor, zero_point);
      y2[y_stride] = (int8_t)tmb_finish_plain(acc[3], factor, zero_point);
    }
    return;
  }
  for (c = 0; c < channels; ++c)
    for (i = 0; i < positions; ++i)
      y[i * y_stride + c] = (int8_t)tmb_finish_general(acc[4 * c + i], multiplier[c], out);
}

/* One group at up to four positions, the first of them `position`. x is the first image at the group's first channel. */
static void tmb_positions(tmb_buffers *buffers, const int8_t *x, int8_t *y, int32_t position, int32_t positions, int dense,
                          const tmb_layer *layer, const tmb_conv2d_s8_params *p) {
  const int whole = layer->depth <= TMB_PIECE && layer->out.plain && positions == 4;
  const int32_t step = whole ? layer->cols : TMB_CHANNELS;
  int32_t first, from, i;
  tmb_windows windows;
  tmb_windows_at(&windows, x, position, positions, dense, p);
  for (first = 0; first < layer->cols; first += step) {
    const int32_t channels = layer->cols - first < step ? layer->cols - first : step;
    if (!whole)
      for (i = 0; i < channels; ++i)
        buffers->acc[4 * i] = buffers->acc[4 * i + 1] = buffers->acc[4 * i + 2] = buffers->acc[4 * i + 3] =
            layer->bias[first + i];
    from = 0;
    do { /* at least once: without activations, the bias remains */
      const int32_t count = layer->depth - from < TMB_PIECE ? layer->depth - from : TMB_PIECE;
      tmb_job job;
      if (first == 0 || layer->depth > TMB_PIECE)
        tmb_widen_windows(buffers->wide, &windows, from, count, p);
      job.bias = layer->bias + first;
      job.multiplier = layer->multiplier + first;
      job.y = y + first;
      job.y_stride = p->out_c;
      job.zero_point = layer->out.zero_point;
      job.acc = buffers->acc;
      job.wide = buffers->wide;
      job.blocks = count >> 2;
      job.part = count & 3;
      job.w = layer->w + first * layer->depth + from;
      job.w_stride = layer->depth - count;
      job.channels = channels;
      if (whole)
        tmb_run_whole(&job);
      else
        tmb_run_piece(&job);
      from += TMB_PIECE;
    } while (from < layer->depth);
    if (whole)
      continue;
    tmb_store(buffers->acc, layer->multiplier + first, y + first, p->out_c, positions, channels, &layer->out);
  }
}

void tmb_conv2d_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                   const tmb_conv2d_s8_params *p) {
  const int32_t total = p->batch * p->out_h * p->out_w;
  const int32_t in_depth = p->groups <= 1 ? p->in_c : p->in_c / p->groups;
  /* Whether the windows are the pixels of x, one after the other. */
  const int dense = p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->groups == 1 &&
                    p->pad_top == 0 && p->pad_left == 0 && p->out_h == p->in_h && p->out_w == p->in_w;
  tmb_buffers buffers = {{0}, {0}};
  tmb_layer layer;
  int32_t g, position;
  layer.depth = p->kernel_h * p->kernel_w * in_depth;
  layer.cols = p->groups <= 1 ? p->out_c : p->out_c / p->groups;
  layer.out = tmb_dsp_output_of(p->shift, p->out_zero_point, p->act_min, p->act_max);
  for (g = 0; g < p->groups; ++g) {
    layer.w = w + g * layer.cols * layer.depth;
    layer.bias = bias + g * layer.cols;
    layer.multiplier = multiplier + g * layer.cols;
    for (position = 0; position < total; position += 4) {
      /* The last four overlap those before. */
      const int32_t first = position <= total - 4 || total < 4 ? position : total - 4;
      tmb_positions(&buffers, x + g * in_depth, y + first * p->out_c + g * layer.cols, first, total < 4 ? total : 4, dense,
                    &layer, p);
    }
  }
}
