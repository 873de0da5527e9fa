/* SPDX-License-Identifier: MIT */
/* How the int8 kernels want their weights, and the working memory that they need: for the kernels and for the compiler. */
#ifndef THIMBLE_TMB_LAYOUT_H
#define THIMBLE_TMB_LAYOUT_H

#include "thimble/tmb_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Convolutions see a window as `runs` of activations that lie side by side in the input: a row of taps or, where groups or
 * dilation leave gaps in rows, one tap. First come the whole blocks of four activations of all runs, then what is left of each run,
 * padded to whole blocks; a padding activation has the weight 0. */
typedef struct tmb_conv2d_s8_layout {
  int32_t runs;
  int32_t run;   /* activations in a run */
  int32_t whole; /* of these, in whole blocks of four */
  int32_t depth; /* of a window with its padding, at least 4 */
  int32_t cols;  /* output channels of a group */
  int32_t words; /* of the stream for two output channels */
} tmb_conv2d_s8_layout;

/* The weights are a stream of 32-bit words. Output channels come in pairs (a, b), those of a group one after the other; an odd
 * last channel is paired with zeros. For each pair:
 *   bias a, bias b; for each block of four activations k..k+3 two words with the int8 weights of, lowest byte first,
 *   a[k] b[k] a[k+2] b[k+2] and a[k+1] b[k+1] a[k+3] b[k+3]; multiplier a, multiplier b.
 * So one word, widened by the instruction SXTB16 as it is and rotated by a byte, meets four pairs of activations. */
static inline tmb_conv2d_s8_layout tmb_conv2d_s8_layout_of(const tmb_conv2d_s8_params *p) {
  tmb_conv2d_s8_layout layout;
  if (p->groups <= 1 && (p->dilation_w == 1 || p->kernel_w == 1)) {
    layout.runs = p->kernel_h;
    layout.run = p->kernel_w * p->in_c;
    layout.cols = p->out_c;
  } else {
    layout.runs = p->kernel_h * p->kernel_w;
    layout.run = p->in_c / p->groups;
    layout.cols = p->out_c / p->groups;
  }
  layout.whole = layout.run & ~3;
  layout.depth = layout.run > 0 ? (layout.runs * layout.run + 3) & ~3 : 4;
  layout.words = 4 + (layout.depth >> 1);
  return layout;
}

/* Where activation `at` of run `run` goes. */
static inline int32_t tmb_conv2d_s8_slot(const tmb_conv2d_s8_layout *layout, int32_t run, int32_t at) {
  const int32_t rest = at - layout->whole;
  return rest < 0 ? run * layout->whole + at : layout->runs * layout->whole + run * (layout->run - layout->whole) + rest;
}

/* Words that follow the last pair, so that a kernel may read weights in blocks of 16 activations. */
static inline int32_t tmb_conv2d_s8_slack_words(const tmb_conv2d_s8_layout *layout) { return layout->depth % 16 != 0 ? 4 : 0; }

/* 1 if windows may have to be copied first: those that leave the input, and those with gaps between the taps of a row. */
static inline int32_t tmb_conv2d_s8_copies(const tmb_conv2d_s8_params *p) {
  const int32_t last_y = (p->out_h - 1) * p->stride_h - p->pad_top + (p->kernel_h - 1) * p->dilation_h;
  const int32_t last_x = (p->out_w - 1) * p->stride_w - p->pad_left + (p->kernel_w - 1) * p->dilation_w;
  return tmb_conv2d_s8_layout_of(p).runs != p->kernel_h || p->pad_top > 0 || p->pad_left > 0 || last_y >= p->in_h ||
         last_x >= p->in_w;
}

/* 1 if four windows side by side have rows of three taps of whole blocks of activations, six columns together. */
static inline int32_t tmb_conv2d_s8_shares(const tmb_conv2d_s8_params *p) {
  return p->groups <= 1 && p->kernel_w == 3 && p->stride_w == 1 && p->dilation_w == 1 && p->in_c % 4 == 0;
}

/* Bytes of scratch: for each block the windows of four output positions in 16 bits; for more than one block the stream of a pair of
 * channels in 16 bits; then copies of a row of six columns or of four windows, or of what is left of their runs. */
static inline int32_t tmb_conv2d_s8_scratch_bytes(const tmb_conv2d_s8_params *p) {
  const tmb_conv2d_s8_layout layout = tmb_conv2d_s8_layout_of(p);
  const int32_t rest = layout.depth - layout.runs * layout.whole;
  const int32_t wide = p->blocks > 1 ? 8 * layout.depth * p->blocks + 4 * layout.depth + 16 : 8 * layout.depth;
  if (!tmb_conv2d_s8_copies(p))
    return wide + 4 * rest;
  if (tmb_conv2d_s8_shares(p) && p->out_w % 4 == 0)
    return wide + 6 * p->in_c;
  return wide + 4 * layout.depth + 4 * rest;
}

/* Convolutions of images in planes: the runs are the rows of taps of one channel after the other, and their weights a stream as
 * above but for the order of activations in a window. */
static inline tmb_conv2d_s8_layout tmb_conv2d_planes_s8_layout_of(const tmb_conv2d_s8_params *p) {
  tmb_conv2d_s8_layout layout;
  layout.runs = p->in_c * p->kernel_h;
  layout.run = p->kernel_w;
  layout.whole = 0;
  layout.cols = p->out_c;
  layout.depth = layout.runs > 0 ? (layout.runs * layout.run + 3) & ~3 : 4;
  layout.words = 4 + (layout.depth >> 1);
  return layout;
}

/* Where activation `at` of run `run`, which has three, goes. For every two runs there are three pairs of activations: the outer taps
 * of the first, the middle taps of both, the outer taps of the second. Activations k and k + 2 of a block of four are a pair, and
 * k + 1 and k + 3. */
static inline int32_t tmb_conv2d_planes_s8_slot(const tmb_conv2d_s8_layout *layout, int32_t run, int32_t at) {
  const int32_t pair = run / 2 * 3 + (at == 1 ? 1 : run % 2 * 2), second = at == 1 ? run % 2 : at / 2;
  (void)layout;
  return pair / 2 * 4 + second * 2 + pair % 2;
}

/* Bytes of a copied row of the columns under four windows. */
#define TMB_CONV2D_PLANES_S8_COLUMNS 12

/* Bytes of scratch: the windows and weights of tmb_conv2d_s8_scratch_bytes, then copies of rows under four windows. */
static inline int32_t tmb_conv2d_planes_s8_scratch_bytes(const tmb_conv2d_s8_params *p) {
  const tmb_conv2d_s8_layout layout = tmb_conv2d_planes_s8_layout_of(p);
  const int32_t wide = p->blocks > 1 ? 8 * layout.depth * p->blocks + 4 * layout.depth + 16 : 8 * layout.depth;
  return wide + TMB_CONV2D_PLANES_S8_COLUMNS * layout.runs + 4;
}

/* Depthwise convolutions of 3 by 3 taps: for each channel, bias, multiplier and a word for each column of taps, with the int8
 * weights of rows 0, 1, 1 and 2, lowest byte first: widened they are the pairs 0, 1 and 1, 2. */
#define TMB_DEPTHWISE3X3_S8_WORDS 5

/* Columns of the padded input that two or more neighbouring outputs read. */
static inline int32_t tmb_depthwise3x3_s8_width(const tmb_conv2d_s8_params *p) {
  return (p->out_w > 1 ? p->out_w - 1 : 1) * p->stride_w + 3;
}

/* Pairs of rows of four channels that are at hand. With stride 2 and blocks > 1 those of all channels, which save reading every other
 * row twice. (That is a field, so that a call on fewer columns never needs more scratch.) */
static inline int32_t tmb_depthwise3x3_s8_slots(const tmb_conv2d_s8_params *p) {
  const int32_t slots = (p->out_c + 3) / 4 + 1;
  return p->stride_h == 2 && p->blocks > 1 && slots > 2 ? slots : 2;
}

/* Bytes of scratch: those pairs, in 16 bits. */
static inline int32_t tmb_depthwise3x3_s8_scratch_bytes(const tmb_conv2d_s8_params *p) {
  return 16 * tmb_depthwise3x3_s8_slots(p) * tmb_depthwise3x3_s8_width(p);
}

/* Fully connected layers, weights as a stream of 32-bit words. Outputs come in fours (a, b, c, d), the last with zeros if need be.
 * For each four: the biases; for each block of four activations k..k+3 (the last with zeros) four words with the int8 weights,
 * lowest byte first,
 *   a[k] b[k] a[k+2] b[k+2],  c[k] d[k] c[k+2] d[k+2],  a[k+1] b[k+1] a[k+3] b[k+3],  c[k+1] d[k+1] c[k+3] d[k+3];
 * then the multipliers. */
static inline int32_t tmb_fully_connected_s8_words(int32_t depth) { return 8 + (depth + 3) / 4 * 4; }

/* Rows of queries that attention computes together. */
#define TMB_ATTENTION_S8_ROWS 4

/* Bytes of scratch of attention: that many rows of queries and of scores, in 16 bits, padded to four and to two. */
static inline int32_t tmb_attention_s8_scratch_bytes(const tmb_attention_s8_params *p) {
  return 2 * TMB_ATTENTION_S8_ROWS * ((p->depth + 3) / 4 * 4 + (p->keys + 1) / 2 * 2);
}

/* int16 convolutions and fully connected layers, weights as a stream of 32-bit words: a window is its activations in the order of
 * memory, in pairs, the last one with a zero if their number is odd. Output channels come in pairs (a, b), those of a group in
 * order; an odd last channel is paired with zeros. For each pair of channels:
 *   bias a, bias b; for each pair of activations k, k+1 one word with the int8 weights a[k] b[k] a[k+1] b[k+1], lowest byte first;
 *   multiplier a, multiplier b. */
typedef struct tmb_conv2d_s16_layout {
  int32_t pairs; /* of activations in a window */
  int32_t cols;  /* output channels of a group */
  int32_t words; /* of the stream for two output channels */
} tmb_conv2d_s16_layout;

static inline tmb_conv2d_s16_layout tmb_conv2d_s16_layout_of(const tmb_conv2d_s8_params *p) {
  const int32_t groups = p->groups > 1 ? p->groups : 1;
  tmb_conv2d_s16_layout layout;
  layout.pairs = (p->kernel_h * p->kernel_w * (p->in_c / groups) + 1) / 2;
  layout.cols = p->out_c / groups;
  layout.words = 4 + layout.pairs;
  return layout;
}

/* 1 if windows have to be copied first: those that leave the input, have gaps, or an odd number of activations. */
static inline int32_t tmb_conv2d_s16_copies(const tmb_conv2d_s8_params *p) {
  const int32_t last_y = (p->out_h - 1) * p->stride_h - p->pad_top + (p->kernel_h - 1) * p->dilation_h;
  const int32_t last_x = (p->out_w - 1) * p->stride_w - p->pad_left + (p->kernel_w - 1) * p->dilation_w;
  const int32_t is_row = p->kernel_w == 1 || p->dilation_w == 1;
  const int32_t is_block = p->kernel_h == 1 || (p->kernel_w == p->in_w && p->dilation_h == 1);
  return p->groups > 1 || !is_row || !is_block || p->kernel_h * p->kernel_w * p->in_c % 2 != 0 || p->pad_top > 0 ||
         p->pad_left > 0 || last_y >= p->in_h || last_x >= p->in_w;
}

/* Bytes of scratch: copies of two windows; 4 that nobody uses if there are none. */
static inline int32_t tmb_conv2d_s16_scratch_bytes(const tmb_conv2d_s8_params *p) {
  return tmb_conv2d_s16_copies(p) ? 8 * tmb_conv2d_s16_layout_of(p).pairs : 4;
}

#ifdef __cplusplus
}
#endif

#endif
