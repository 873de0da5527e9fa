/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int8, with the vector instructions of Armv8.1-M; also with a residual that is added,
 * and of images in planes. */
#include <stddef.h>
#include <string.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_mve_finish.h"
#include "tmb_mve_window.h"
#include "tmb_planes_window_s8.h"

/* Blocks of four output positions by two channels, whose eight sums are all of the registers that VMLADAV can add to: 16 activations
 * of each position and 16 weights of each channel give 128 products in 14 instructions. The windows of the four positions are copied
 * to scratch first (tmb_mve_window.h). */
#define TMB_POSITIONS 4

/* What the innermost loop works on. Assembly knows where the members are. */
typedef struct tmb_mve_block {
  const int8_t *window[TMB_POSITIONS];
  const int32_t *w;              /* 16: of the first pair of channels; moves on with every four channels */
  int32_t words;                 /* 20: bytes of a pair's stream */
  int32_t chunks;                /* 24: of 16 activations */
  int32_t to_next;               /* 28: bytes from the end of a pair's chunks to the next pair's first */
  int32_t fours;                 /* 32: blocks of four channels */
  int32_t zero_point;            /* 36 */
  int8_t *y;                     /* 40: outputs of the first position, aligned to 4, or null to get the sums of one block */
  int32_t unused;
  int8_t most[16], least[16];    /* 48, 64: the clamp */
  int32_t at[TMB_POSITIONS];     /* 80: of the positions' outputs from y on */
  int32_t sums[4][TMB_POSITIONS]; /* 96: [channel][position] */
} tmb_mve_block;

/* 16 activations of each position: r1, r3, r5, r7; weights: r9; sums of channels a and b: r0 r2, r4 r6, r8 r10, r12 r14 */
#define TMB_CHUNK(a)                                                                                                           \
  "vld20.8 {q0, q1}, [r9]\n\t"                                                                                                 \
  "vld21.8 {q0, q1}, [r9]!\n\t"                                                                                                \
  "vldrb.u8 q2, [r1], #16\n\t"                                                                                                 \
  "vldrb.u8 q3, [r3], #16\n\t"                                                                                                 \
  "vmladav" a ".s8 r0, q0, q2\n\t"                                                                                             \
  "vmladav" a ".s8 r2, q1, q2\n\t"                                                                                             \
  "vldrb.u8 q2, [r5], #16\n\t"                                                                                                 \
  "vmladav" a ".s8 r4, q0, q3\n\t"                                                                                             \
  "vmladav" a ".s8 r6, q1, q3\n\t"                                                                                             \
  "vldrb.u8 q3, [r7], #16\n\t"                                                                                                 \
  "vmladav" a ".s8 r8, q0, q2\n\t"                                                                                             \
  "vmladav" a ".s8 r10, q1, q2\n\t"                                                                                            \
  "vmladav" a ".s8 r12, q0, q3\n\t"                                                                                            \
  "vmladav" a ".s8 lr, q1, q3\n\t"

/* All chunks of a pair, of which r11 is the number; the sums of a and b to two vectors with a lane a position. */
#define TMB_PAIR(a, b)                                                                                                         \
  "ldm r0, {r1, r3, r5, r7}\n\t"                                                                                               \
  "tst r11, #1\n\t"                                                                                                            \
  "bne 2f\n\t" TMB_CHUNK("") TMB_CHUNK("a") "subs r11, #2\n\t"                                                                 \
  "bne 3f\n\t"                                                                                                                 \
  "b 4f\n"                                                                                                                     \
  "2:\n\t" TMB_CHUNK("") "subs r11, #1\n\t"                                                                                    \
  "beq 4f\n"                                                                                                                   \
  "3:\n\t" TMB_CHUNK("a") TMB_CHUNK("a") "subs r11, #2\n\t"                                                                    \
  "bne 3b\n"                                                                                                                   \
  "4:\n\t"                                                                                                                     \
  "vmov " a "[2], " a "[0], r0, r8\n\t"                                                                                        \
  "vmov " a "[3], " a "[1], r4, r12\n\t"                                                                                       \
  "vmov " b "[2], " b "[0], r2, r10\n\t"                                                                                       \
  "vmov " b "[3], " b "[1], r6, lr\n\t"                                                                                        \
  "ldr r0, [sp]\n\t"

__attribute__((naked, noinline)) static void tmb_mve_run(tmb_mve_block *block __attribute__((unused))) {
  __asm__ volatile("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n\t"
                   "push {r0}\n"
                   "1:\n\t"
                   "ldr r9, [r0, #16]\n\t"
                   "ldr r11, [r0, #24]\n\t"
                   "add r9, r9, #8\n\t" TMB_PAIR("q4", "q5")
                   ::: "memory");
  __asm__ volatile("ldrd r11, r1, [r0, #24]\n\t"
                   "add r9, r9, r1\n\t" TMB_PAIR("q6", "q7")
                   "ldrd r12, r7, [r0, #36]\n\t"
                   "cmp r7, #0\n\t"
                   "beq 5f\n\t"
                   "ldrd r1, r2, [r0, #16]\n\t"
                   "add r3, r1, r2\n\t"
                   "ldrd r4, r5, [r1]\n\t"
                   "ldrd r6, lr, [r3, #-8]\n\t"
                   "ldrd r8, r9, [r3]\n\t"
                   "add r1, r3, r2\n\t"
                   "ldrd r10, r11, [r1, #-8]\n\t"
                   "str r1, [r0, #16]\n\t"
                   "vdup.32 q0, r6\n\t"
                   "vadd.i32 q4, q4, r4\n\t"
                   "vdup.32 q1, lr\n\t"
                   "vadd.i32 q5, q5, r5\n\t"
                   "vdup.32 q2, r10\n\t"
                   "vadd.i32 q6, q6, r8\n\t"
                   "vdup.32 q3, r11\n\t"
                   "vadd.i32 q7, q7, r9\n\t"
                   "vrmulh.s32 q4, q4, q0\n\t"
                   "vrmulh.s32 q5, q5, q1\n\t"
                   "vrmulh.s32 q6, q6, q2\n\t"
                   "vrmulh.s32 q7, q7, q3\n\t"
                   "vqmovnb.s32 q0, q4\n\t" /* channels 0 and 2, then 1 and 3 of each position */
                   "vqmovnb.s32 q1, q5\n\t"
                   "vqmovnt.s32 q0, q6\n\t"
                   "vqmovnt.s32 q1, q7\n\t"
                   "vqadd.s16 q0, q0, r12\n\t"
                   "vqadd.s16 q1, q1, r12\n\t"
                   "vqmovnb.s16 q2, q0\n\t" /* all four channels of each position */
                   "vldrb.u8 q3, [r0, #48]\n\t"
                   "vqmovnt.s16 q2, q1\n\t"
                   "vldrb.u8 q0, [r0, #64]\n\t"
                   "vmin.s8 q2, q2, q3\n\t"
                   "vldrw.u32 q1, [r0, #80]\n\t"
                   "vmax.s8 q2, q2, q0\n\t"
                   "vstrw.32 q2, [r7, q1]\n\t"
                   "ldr r1, [r0, #32]\n\t"
                   "adds r7, r7, #4\n\t"
                   "str r7, [r0, #40]\n\t"
                   "subs r1, #1\n\t"
                   "str r1, [r0, #32]\n\t"
                   "bne 1b\n\t"
                   "b 6f\n"
                   "5:\n\t"
                   "vstrw.32 q4, [r0, #96]\n\t"
                   "vstrw.32 q5, [r0, #112]\n\t"
                   "vstrw.32 q6, [r0, #128]\n\t"
                   "vstrw.32 q7, [r0, #144]\n"
                   "6:\n\t"
                   "add sp, sp, #4\n\t"
                   "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n\t"
                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}" ::: "memory");
}

#undef TMB_CHUNK
#undef TMB_PAIR

/* Up to four channels from `c` on at up to four positions, any alignment and shift. w is their stream, y their first output. */
static void tmb_mve_some(tmb_mve_block *block, const int32_t *w, int8_t *y, int32_t channels, int32_t positions,
                         const tmb_conv2d_s8_layout *layout, const tmb_output_s8 *out) {
  int32_t j, i;
  block->w = w;
  block->fours = 1;
  block->y = NULL;
  /* Without a second pair, the first stands in for it. */
  block->to_next = channels > 2 ? 16 + 2 * layout->depth - 32 * block->chunks : -32 * block->chunks;
  tmb_mve_run(block);
  for (j = 0; j < channels; ++j) {
    const int32_t *pair = w + (j < 2 ? 0 : layout->words);
    const int32_t bias = pair[j & 1], multiplier = pair[layout->words - 2 + (j & 1)];
    int32_t *sums = block->sums[j];
    vstrwq_s32(sums, tmb_mve_finish(vaddq_n_s32(vldrwq_s32(sums), bias), vdupq_n_s32(multiplier), out));
    for (i = 0; i < positions; ++i)
      y[block->at[i] + j] = (int8_t)sums[i];
  }
}

/* All output channels of a group at up to four positions. */
static inline __attribute__((always_inline)) void tmb_mve_group(tmb_mve_block *block, const int32_t *w, int8_t *y,
                                                                int32_t positions, const tmb_conv2d_s8_layout *layout,
                                                                const tmb_output_s8 *out, int32_t y_stride) {
  int32_t c = 0;
  if (out->shift == 0 && (((uintptr_t)y | (uintptr_t)y_stride) & 3u) == 0 && layout->cols >= 4) {
    block->w = w;
    block->fours = layout->cols / 4;
    block->y = y;
    block->to_next = 16 + 2 * layout->depth - 32 * block->chunks;
    c = block->fours * 4;
    tmb_mve_run(block);
  }
  for (; c < layout->cols; c += 4)
    tmb_mve_some(block, w + c / 2 * layout->words, y + c, layout->cols - c < 4 ? layout->cols - c : 4, positions, layout, out);
}

/* The windows of `positions` positions from the one at *row and *col on, which move on; *image when a picture ends. */
static void tmb_mve_gather(int8_t *scratch, const int8_t **image, int32_t *row, int32_t *col,
                           int32_t positions, const tmb_mve_windows *windows) {
  const tmb_conv2d_s8_params *p = windows->p;
  int32_t i;
  for (i = 0; i < positions; ++i) {
    tmb_mve_window(scratch + i * windows->bytes, *image, *row * p->stride_h - p->pad_top, *col * p->stride_w - p->pad_left,
                   windows);
    if (++*col == p->out_w) {
      *col = 0;
      if (++*row == p->out_h) {
        *row = 0;
        *image += p->in_h * p->in_w * p->in_c;
      }
    }
  }
}

/* Windows are single pixels, side by side in memory. */
static int32_t tmb_mve_is_pointwise(const tmb_conv2d_s8_params *p) {
  return p->groups == 1 && p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->pad_top == 0 &&
         p->pad_left == 0 && p->out_h == p->in_h && p->out_w == p->in_w && p->in_c % 4 == 0;
}

/* Sets the parts of a block that are the same for all positions. */
static void tmb_mve_begin(tmb_mve_block *block, int32_t words, int32_t bytes, const tmb_conv2d_s8_params *p) {
  block->words = 4 * words;
  block->chunks = bytes / 16;
  block->zero_point = p->out_zero_point;
  vstrbq_s8(block->most, vdupq_n_s8((int8_t)p->act_max));
  vstrbq_s8(block->least, vdupq_n_s8((int8_t)p->act_min));
}

/* Where the windows and outputs of `positions` positions are; the first stands in for missing ones. */
static void tmb_mve_place(tmb_mve_block *block, const int8_t *windows, int32_t bytes, int32_t positions, int32_t y_stride) {
  int32_t i;
  for (i = 0; i < TMB_POSITIONS; ++i) {
    block->window[i] = windows + (i < positions ? i * bytes : 0);
    block->at[i] = i < positions ? i * y_stride : 0;
  }
}

/* Channels to whose outputs a residual is added together. */
#define TMB_SUM_CHANNELS 32

/* y = c + r, as p has it, of up to that many channels. */
static void tmb_mve_add(const int8_t *c, const int8_t *r, int8_t *y, int32_t count, const tmb_conv2d_add_s8_params *p) {
  const int32_t c_multiplier = p->c_multiplier, r_multiplier = p->r_multiplier;
  const int32x4_t offset = vdupq_n_s32(p->sum_offset), least = vdupq_n_s32(p->sum_min), most = vdupq_n_s32(p->sum_max);
  for (; count > 0; count -= 4, c += 4, r += 4, y += 4) {
    const mve_pred16_t lanes = vctp32q((uint32_t)count);
    int32x4_t sum = vmlaq_n_s32(vmlaq_n_s32(offset, vldrbq_z_s32(c, lanes), c_multiplier), vldrbq_z_s32(r, lanes), r_multiplier);
    sum = vmaxq_s32(vminq_s32(vshrq_n_s32(sum, TMB_CONV2D_ADD_S8_SHIFT), most), least);
    vstrbq_p_s32(y, sum, lanes);
  }
}

/* tmb_mve_group with a residual, which the outputs may take the place of: it is kept until they are there. */
__attribute__((noinline)) static void tmb_mve_group_add(tmb_mve_block *block, const int32_t *w, int8_t *y, const int8_t *r,
                                                        int32_t positions, const tmb_conv2d_s8_layout *layout,
                                                        const tmb_output_s8 *out, int32_t y_stride,
                                                        const tmb_conv2d_add_s8_params *p) {
  int8_t kept[TMB_POSITIONS][TMB_SUM_CHANNELS];
  tmb_conv2d_s8_layout part = *layout;
  int32_t c, i;
  for (c = 0; c < layout->cols; c += TMB_SUM_CHANNELS, w += TMB_SUM_CHANNELS / 2 * layout->words) {
    part.cols = layout->cols - c < TMB_SUM_CHANNELS ? layout->cols - c : TMB_SUM_CHANNELS;
    for (i = 0; i < positions; ++i)
      tmb_mve_copy(kept[i], r + i * y_stride + c, part.cols);
    tmb_mve_group(block, w, y + c, positions, &part, out, y_stride);
    for (i = 0; i < positions; ++i)
      tmb_mve_add(y + i * y_stride + c, kept[i], y + i * y_stride + c, part.cols, p);
  }
}

/* `sum` is null where nothing is added; else r is of the shape of y. */
static inline __attribute__((always_inline)) void tmb_mve_run_layer(const int8_t *x, const int32_t *w, int8_t *y, void *scratch,
                                                                    const tmb_conv2d_s8_params *p, const int8_t *r,
                                                                    const tmb_conv2d_add_s8_params *sum) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const tmb_conv2d_s8_layout layout = tmb_conv2d_s8_layout_of(p);
  const tmb_mve_windows windows = tmb_mve_windows_of(&layout, p);
  const int32_t total = p->batch * p->out_h * p->out_w;
  const int32_t group_words = (layout.cols + 1) / 2 * layout.words;
  const int32_t is_pointwise = tmb_mve_is_pointwise(p);
  /* Scratch has 8 * depth bytes: less than four padded windows only where there are just four activations. */
  const int32_t most = TMB_POSITIONS * windows.bytes <= 8 * layout.depth ? TMB_POSITIONS : TMB_POSITIONS / 2;
  tmb_mve_block block;
  int32_t g, position;
  tmb_mve_begin(&block, layout.words, windows.bytes, p);
  for (g = 0; g < p->groups; ++g) {
    const int8_t *image = x + (g == 0 ? 0 : g * (p->in_c / p->groups));
    int8_t *to = y + g * layout.cols;
    int32_t row = 0, col = 0, positions = 0;
    for (position = 0; position < total; position += positions, to += positions * p->out_c) {
      const int32_t before = positions;
      positions = total - position < most ? total - position : most;
      if (before != positions)
        tmb_mve_place(&block, (const int8_t *)scratch, windows.bytes, positions, p->out_c);
      if (is_pointwise)
        tmb_mve_pixels((int8_t *)scratch, x + position * p->in_c, positions, p->in_c);
      else
        tmb_mve_gather((int8_t *)scratch, &image, &row, &col, positions, &windows);
      if (sum != NULL)
        tmb_mve_group_add(&block, w + g * group_words, to, r + (to - y), positions, &layout, &out, p->out_c, sum);
      else
        tmb_mve_group(&block, w + g * group_words, to, positions, &layout, &out, p->out_c);
    }
  }
}

void tmb_conv2d_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p) {
  tmb_mve_run_layer(x, w, y, scratch, p, NULL, NULL);
}

void tmb_conv2d_add_s8(const int8_t *x, const int8_t *r, const int32_t *w, int8_t *y, void *scratch,
                       const tmb_conv2d_add_s8_params *p) {
  tmb_mve_run_layer(x, w, y, scratch, &p->conv, r, p);
}

/* How far from its first tap the activations of a window inside the image are, in the order of its copy; one that pads it, which
 * has the weight 0, is the first again. */
static void tmb_mve_offsets(uint16_t *offsets, int32_t bytes, const tmb_conv2d_planes_s8_params *planes) {
  const tmb_conv2d_s8_params *p = &planes->conv;
  int32_t run = 0, c, ky;
  memset(offsets, 0, 2 * (size_t)bytes);
  for (c = 0; c < p->in_c; ++c) {
    for (ky = 0; ky < p->kernel_h; ++ky, ++run) {
      const int32_t odd = run & 1, row = c * planes->plane + ky * p->dilation_h * p->in_w;
      uint16_t *pairs = offsets + 3 * (run - odd);
      pairs[4 * odd] = (uint16_t)row;
      pairs[2 + odd] = (uint16_t)(row + 1);
      pairs[4 * odd + 1] = (uint16_t)(row + 2);
    }
  }
}

void tmb_conv2d_planes_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_planes_s8_params *planes) {
  const tmb_conv2d_s8_params *p = &planes->conv;
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const tmb_conv2d_s8_layout layout = tmb_conv2d_planes_s8_layout_of(p);
  const int32_t bytes = (layout.depth + 15) / 16 * 16, image = p->out_h * p->out_w, total = p->batch * image;
  const int32_t most = TMB_POSITIONS * bytes <= 8 * layout.depth ? TMB_POSITIONS : TMB_POSITIONS / 2;
  const int32_t height = (p->kernel_h - 1) * p->dilation_h, width = (p->kernel_w - 1) * p->dilation_w;
  /* Offsets lie behind the windows if there is room for them, and reach everywhere. Behind the windows' ends are zeros, since weights
   * of the next channels meet them. */
  const int has_offsets = (most + 2) * bytes <= tmb_conv2d_planes_s8_scratch_bytes(p) && p->in_c * planes->plane <= UINT16_MAX;
  int8_t *windows = (int8_t *)scratch;
  uint16_t *offsets = (uint16_t *)(void *)(windows + most * bytes);
  tmb_mve_block block;
  int32_t position, i, k, oy = 0, ox = 0, positions = 0;
  tmb_mve_begin(&block, layout.words, bytes, p);
  if (has_offsets)
    tmb_mve_offsets(offsets, bytes, planes);
  memset(windows, 0, (size_t)(most * bytes));
  for (position = 0; position < total; position += positions, y += positions * p->out_c) {
    const int32_t before = positions;
    positions = total - position < most ? total - position : most;
    if (before != positions)
      tmb_mve_place(&block, windows, bytes, positions, p->out_c);
    for (i = 0; i < positions; ++i) {
      const int32_t iy = oy * p->stride_h - p->pad_top, ix = ox * p->stride_w - p->pad_left;
      const int8_t *from = x + iy * p->in_w + ix;
      int8_t *to = windows + i * bytes;
      if (has_offsets && iy >= 0 && ix >= 0 && iy + height < p->in_h && ix + width < p->in_w) {
        for (k = 0; k < layout.depth; k += 8)
          vstrbq_s16(to + k, vldrbq_gather_offset_s16(from, vldrhq_u16(offsets + k)));
        if ((layout.depth & 7) != 0)
          memset(to + layout.depth, 0, 4);
      } else {
        tmb_planes_window_s8(to, x, iy, ix, planes);
      }
      if (++ox == p->out_w) {
        ox = 0;
        if (++oy == p->out_h) {
          oy = 0;
          x += p->in_c * planes->plane;
        }
      }
    }
    tmb_mve_group(&block, w, y, positions, &layout, &out, p->out_c);
  }
}
