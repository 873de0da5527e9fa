/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution of 3 by 3 taps, int8, with the DSP instructions of Armv7E-M. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_dsp.h"

/* Rows of the padded image go in pairs: a word holds the activations of both rows in one column, of one channel. Two pairs of
 * rows are at hand, of four channels, gathered from x before outputs overwrite it. With stride 1 they give two rows of outputs,
 * A from the upper pair and the first row of the lower, B from the second row of the upper pair and the lower; with stride 2
 * they give row A. Weights of the upper two taps of a column make one word (01), of the lower two another (12). */

/* What the innermost loop works on. Assembly knows the order of the members. */
typedef struct tmb_strip {
  const int32_t *w;
  int32_t advance; /* from the end of what is read of a channel's pairs to the next channel, in bytes */
  int8_t *y, *y_last; /* of the first and of one more than the last channel */
  int32_t y_bytes; /* of an even number of columns */
  int32_t odd;     /* whether there is one column more */
  int32_t y_step, y_row; /* from one column and row of outputs to the next; y_row is 0 if there is no row B */
  int32_t zero_point;
  const uint32_t *upper, *lower; /* pairs of rows of the first channel */
} tmb_strip;

#if defined(__ARM_FEATURE_DSP)

/* On the stack: bias four times, 01 and 12 of three columns; at 40 multiplier, zero point, y, the end of y, y_step, y_row; at 64
 * w, advance, the channel's y, y_last, y_bytes, odd. */
#define TMB_ENTER                                                                                                              \
  "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                                                                            \
  "sub sp, sp, #92\n\t"                                                                                                        \
  "ldmia r0!, {r2, r3, r4, r5, r6, r7}\n\t"                                                                                    \
  "add r12, sp, #64\n\t"                                                                                                       \
  "stmia r12, {r2, r3, r4, r5, r6, r7}\n\t"                                                                                    \
  "ldmia r0, {r5, r6, r7, r8, r9}\n\t"                                                                                         \
  "strd r5, r6, [sp, #56]\n\t"                                                                                                 \
  "str r7, [sp, #44]\n\t"                                                                                                      \
  "mov r0, r8\n\t"                                                                                                             \
  "mov r1, r9\n"                                                                                                               \
  "1:\n\t"                                                                                                                     \
  "ldr r12, [sp, #64]\n\t"                                                                                                     \
  "ldr r8, [sp, #80]\n\t"                                                                                                      \
  "add r5, r4, r8\n\t"                                                                                                         \
  "add r6, r4, #1\n\t"                                                                                                         \
  "strd r4, r5, [sp, #48]\n\t"                                                                                                 \
  "str r6, [sp, #72]\n\t"                                                                                                      \
  "ldmia r12!, {r6, r7, r9, r10, r11}\n\t"                                                                                     \
  "str r12, [sp, #64]\n\t"                                                                                                     \
  "str r7, [sp, #40]\n\t"                                                                                                      \
  "strd r6, r6, [sp]\n\t"                                                                                                      \
  "strd r6, r6, [sp, #8]\n\t"                                                                                                  \
  "sxtb16 r2, r9\n\t"                                                                                                          \
  "sxtb16 r3, r10\n\t"                                                                                                         \
  "sxtb16 r6, r11\n\t"                                                                                                         \
  "sxtb16 r7, r9, ror #8\n\t"                                                                                                  \
  "sxtb16 r8, r10, ror #8\n\t"                                                                                                 \
  "sxtb16 r9, r11, ror #8\n\t"                                                                                                 \
  "add r12, sp, #16\n\t"                                                                                                       \
  "stmia r12, {r2, r3, r6, r7, r8, r9}\n\t"                                                                                    \
  "cmp r4, r5\n\t"                                                                                                             \
  "beq 3f\n"

/* Two columns are done; then, if one is left, what the lines between TMB_ODD and TMB_LEAVE make of it. */
#define TMB_ODD                                                                                                                \
  "str r8, [sp, #48]\n\t"                                                                                                      \
  "cmp r8, r9\n\t"                                                                                                             \
  "bne 2b\n"                                                                                                                   \
  "3:\n\t"                                                                                                                     \
  "ldr r2, [sp, #84]\n\t"                                                                                                      \
  "cbz r2, 4f\n\t"
#define TMB_LEAVE                                                                                                              \
  "4:\n\t"                                                                                                                     \
  "ldrd r2, r4, [sp, #68]\n\t"                                                                                                 \
  "ldr r5, [sp, #76]\n\t"                                                                                                      \
  "add r0, r0, r2\n\t"                                                                                                         \
  "add r1, r1, r2\n\t"                                                                                                         \
  "cmp r4, r5\n\t"                                                                                                             \
  "bne 1b\n\t"                                                                                                                 \
  "add sp, sp, #92\n\t"                                                                                                        \
  "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}"

#define TMB_SUM(op, acc, a, b) #op " " #acc ", " #a ", " #b ", " #acc "\n\t"
#define TMB_ROUND(acc) "smmlar " #acc ", " #acc ", r2, r3\n\t"
#define TMB_SATURATE(acc) "ssat " #acc ", #8, " #acc "\n\t"

/* multiplier, zero point, y, the end of y, y_step, y_row */
#define TMB_OUTPUT                                                                                                             \
  "add r2, sp, #40\n\t"                                                                                                        \
  "ldmia r2, {r2, r3, r8, r9, r10, r11}\n\t"

/* Stride 1: A and B of two columns in r4, r5 and r6, r7. Row B is stored first: without one, A overwrites it. */
#define TMB_STRIP1                                                                                                             \
  TMB_ENTER                                                                                                                    \
  "2:\n\t"                                                                                                                     \
  "ldmia sp, {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"                                                                  \
  "ldrd r2, r3, [r0], #8\n\t"                                                                                                  \
  TMB_SUM(smlad, r4, r2, r8) TMB_SUM(smlatb, r5, r2, r8) TMB_SUM(smlad, r6, r3, r8) TMB_SUM(smlatb, r7, r3, r8)                \
  TMB_SUM(smlad, r4, r3, r9) TMB_SUM(smlatb, r5, r3, r9)                                                                       \
  "ldrd r2, r3, [r0]\n\t"                                                                                                      \
  TMB_SUM(smlad, r6, r2, r9) TMB_SUM(smlatb, r7, r2, r9) TMB_SUM(smlad, r4, r2, r10) TMB_SUM(smlatb, r5, r2, r10)              \
  TMB_SUM(smlad, r6, r3, r10) TMB_SUM(smlatb, r7, r3, r10)                                                                     \
  "ldrd r2, r3, [r1], #8\n\t"                                                                                                  \
  TMB_SUM(smlabt, r4, r2, r11) TMB_SUM(smlad, r5, r2, r11) TMB_SUM(smlabt, r6, r3, r11) TMB_SUM(smlad, r7, r3, r11)            \
  TMB_SUM(smlabt, r4, r3, r12) TMB_SUM(smlad, r5, r3, r12)                                                                     \
  "ldrd r2, r3, [r1]\n\t"                                                                                                      \
  TMB_SUM(smlabt, r6, r2, r12) TMB_SUM(smlad, r7, r2, r12) TMB_SUM(smlabt, r4, r2, lr) TMB_SUM(smlad, r5, r2, lr)              \
  TMB_SUM(smlabt, r6, r3, lr) TMB_SUM(smlad, r7, r3, lr)                                                                       \
  TMB_OUTPUT TMB_ROUND(r4) TMB_ROUND(r5) TMB_ROUND(r6) TMB_ROUND(r7)                                                           \
  TMB_SATURATE(r4) TMB_SATURATE(r5) TMB_SATURATE(r6) TMB_SATURATE(r7)                                                          \
  "add r12, r8, r11\n\t"                                                                                                       \
  "strb r7, [r12, r10]\n\t"                                                                                                    \
  "strb r6, [r8, r10]\n\t"                                                                                                     \
  "strb r5, [r12]\n\t"                                                                                                         \
  "strb r4, [r8]\n\t"                                                                                                          \
  "add r8, r8, r10, lsl #1\n\t" TMB_ODD                                                                                        \
  "ldmia sp, {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"                                                                  \
  "ldmia r0, {r2, r3, r6}\n\t"                                                                                                 \
  TMB_SUM(smlad, r4, r2, r8) TMB_SUM(smlatb, r5, r2, r8) TMB_SUM(smlad, r4, r3, r9) TMB_SUM(smlatb, r5, r3, r9)                \
  TMB_SUM(smlad, r4, r6, r10) TMB_SUM(smlatb, r5, r6, r10)                                                                     \
  "ldmia r1, {r2, r3, r6}\n\t"                                                                                                 \
  TMB_SUM(smlabt, r4, r2, r11) TMB_SUM(smlad, r5, r2, r11) TMB_SUM(smlabt, r4, r3, r12) TMB_SUM(smlad, r5, r3, r12)            \
  TMB_SUM(smlabt, r4, r6, lr) TMB_SUM(smlad, r5, r6, lr)                                                                       \
  TMB_OUTPUT TMB_ROUND(r4) TMB_ROUND(r5) TMB_SATURATE(r4) TMB_SATURATE(r5)                                                     \
  "strb r5, [r8, r11]\n\t"                                                                                                     \
  "strb r4, [r8]\n" TMB_LEAVE

/* Stride 2: A of two columns in r4 and r5. */
#define TMB_STRIP2                                                                                                             \
  TMB_ENTER                                                                                                                    \
  "2:\n\t"                                                                                                                     \
  "ldmia sp, {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"                                                                  \
  "ldmia r0!, {r2, r3, r6, r7}\n\t"                                                                                            \
  TMB_SUM(smlad, r4, r2, r8) TMB_SUM(smlad, r4, r3, r9) TMB_SUM(smlad, r4, r6, r10)                                            \
  TMB_SUM(smlad, r5, r6, r8) TMB_SUM(smlad, r5, r7, r9)                                                                        \
  "ldr r2, [r0]\n\t"                                                                                                           \
  TMB_SUM(smlad, r5, r2, r10)                                                                                                  \
  "ldmia r1!, {r2, r3, r6, r7}\n\t"                                                                                            \
  TMB_SUM(smlabt, r4, r2, r11) TMB_SUM(smlabt, r4, r3, r12) TMB_SUM(smlabt, r4, r6, lr)                                        \
  TMB_SUM(smlabt, r5, r6, r11) TMB_SUM(smlabt, r5, r7, r12)                                                                    \
  "ldr r2, [r1]\n\t"                                                                                                           \
  TMB_SUM(smlabt, r5, r2, lr)                                                                                                  \
  TMB_OUTPUT TMB_ROUND(r4) TMB_ROUND(r5) TMB_SATURATE(r4) TMB_SATURATE(r5)                                                     \
  "strb r5, [r8, r10]\n\t"                                                                                                     \
  "strb r4, [r8]\n\t"                                                                                                          \
  "add r8, r8, r10, lsl #1\n\t" TMB_ODD                                                                                        \
  "ldmia sp, {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"                                                                  \
  "ldmia r0, {r2, r3, r6}\n\t"                                                                                                 \
  TMB_SUM(smlad, r4, r2, r8) TMB_SUM(smlad, r4, r3, r9) TMB_SUM(smlad, r4, r6, r10)                                            \
  "ldmia r1, {r2, r3, r6}\n\t"                                                                                                 \
  TMB_SUM(smlabt, r4, r2, r11) TMB_SUM(smlabt, r4, r3, r12) TMB_SUM(smlabt, r4, r6, lr)                                        \
  TMB_OUTPUT TMB_ROUND(r4) TMB_SATURATE(r4)                                                                                    \
  "strb r4, [r8]\n" TMB_LEAVE

TMB_NAKED void tmb_strip1(const tmb_strip *strip __attribute__((__unused__))) { __asm__ volatile(TMB_STRIP1); }

TMB_NAKED void tmb_strip2(const tmb_strip *strip __attribute__((__unused__))) { __asm__ volatile(TMB_STRIP2); }

static void tmb_run_strip(const tmb_strip *strip, int32_t stride) { (stride == 2 ? tmb_strip2 : tmb_strip1)(strip); }

#undef TMB_ENTER
#undef TMB_ODD
#undef TMB_LEAVE
#undef TMB_SUM
#undef TMB_ROUND
#undef TMB_SATURATE
#undef TMB_OUTPUT
#undef TMB_STRIP1
#undef TMB_STRIP2

#else

static void tmb_run_strip(const tmb_strip *strip, int32_t stride) {
  const uint32_t *upper = strip->upper, *lower = strip->lower;
  const int32_t *w = strip->w;
  int8_t *first;
  for (first = strip->y; first != strip->y_last; ++first, w += TMB_DEPTHWISE3X3_S8_WORDS) {
    const int32_t pairs = strip->y_bytes == 0 ? 0 : strip->y_bytes / strip->y_step;
    int32_t ox, k;
    for (ox = 0; ox < pairs + strip->odd; ++ox) {
      int8_t *y = first + ox * strip->y_step;
      int32_t a = w[0], b = w[0];
      for (k = 0; k < 3; ++k) {
        const uint32_t top = tmb_sxtb16((uint32_t)w[2 + k]), bottom = tmb_sxtb16_ror8((uint32_t)w[2 + k]);
        const uint32_t x01 = upper[ox * stride + k], x23 = lower[ox * stride + k];
        a = tmb_smlad(x01, top, a);
        a = tmb_smlad(x23 & 0xffffu, bottom >> 16, a);
        b = tmb_smlad(x01 >> 16, top & 0xffffu, b);
        b = tmb_smlad(x23, bottom, b);
      }
      if (stride == 1)
        y[strip->y_row] = (int8_t)tmb_ssat8(tmb_smmlar(b, w[1], strip->zero_point));
      *y = (int8_t)tmb_ssat8(tmb_smmlar(a, w[1], strip->zero_point));
    }
    upper += pairs * stride + strip->advance / 4;
    lower += pairs * stride + strip->advance / 4;
  }
}

#endif

/* Pairs of activations of up to four channels from two rows, one word in each of the channels' arrays, pitch words apart. */
static inline void tmb_pair_up(const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step,
                                                     uint32_t *to, int32_t pitch, int32_t count, int32_t channels) {
  uint32_t *to1 = to + pitch, *to2 = to1 + pitch, *to3 = to2 + pitch;
  int32_t j;
  if (channels < 4) {
    for (; count > 0; --count, a += a_step, b += b_step, ++to)
      for (j = 0; j < channels; ++j)
        to[j * pitch] = tmb_pkhbt((uint32_t)a[j], (uint32_t)b[j]);
    return;
  }
  for (; count > 0; --count, a += a_step, b += b_step) {
    const uint32_t first = tmb_load32(a), second = tmb_load32(b);
    const uint32_t low = tmb_pkhbt(first, second), high = tmb_pkhtb(first, second);
    *to++ = tmb_sxtb16(low);
    *to1++ = tmb_sxtb16_ror8(low);
    *to2++ = tmb_sxtb16(high);
    *to3++ = tmb_sxtb16_ror8(high);
  }
}

/* Clamps `count` outputs of some channels. */
static void tmb_limit(int8_t *y, int32_t channels, int32_t count, const tmb_conv2d_s8_params *p) {
  int32_t j;
  for (; count > 0; --count, y += p->out_c)
    for (j = 0; j < channels; ++j)
      y[j] = (int8_t)tmb_clamp_s32(y[j], p->act_min, p->act_max);
}

/* What is the same for all strips of a strips. */
typedef struct tmb_strips {
  uint32_t *pairs; /* slots of 4 * width words */
  int32_t slots, width;
  int32_t count, pitch; /* columns of the image that are read; bytes of its rows */
  uint32_t zeros;       /* activations outside the image */
  const tmb_conv2d_s8_params *p;
  tmb_strip strip;
} tmb_strips;

/* Gathers the pair of rows of the padded image whose first is `row`. x is at the first channel. */
__attribute__((__noinline__)) static void tmb_pair_rows(uint32_t *to, const int8_t *x, int32_t row, int32_t channels,
                                                        const tmb_strips *strips) {
  const tmb_conv2d_s8_params *p = strips->p;
  const int32_t first = row - p->pad_top, in_c = p->in_c;
  const uint32_t in_h = (uint32_t)p->in_h;
  const int8_t *upper = (const int8_t *)&strips->zeros, *lower = upper;
  int32_t upper_step = 0, lower_step = 0;
  if ((uint32_t)first < in_h) {
    upper = x + first * strips->pitch;
    upper_step = in_c;
  }
  if ((uint32_t)(first + 1) < in_h) {
    lower = x + (first + 1) * strips->pitch;
    lower_step = in_c;
  }
  tmb_pair_up(upper, upper_step, lower, lower_step, to + p->pad_left, strips->width, strips->count, channels);
}

static void tmb_finish_strip(const tmb_strip *strip, const tmb_conv2d_s8_params *p) {
  tmb_run_strip(strip, p->stride_h);
  if (p->act_min != -128 || p->act_max != 127)
    tmb_limit(strip->y, (int32_t)(strip->y_last - strip->y), strip->y_row == 0 ? p->out_w : 2 * p->out_w, p);
}

/* With stride 1, channels one after the other, so that their outputs may go where they have been read. */
static void tmb_by_channels(const int8_t *x, const int32_t *w, int8_t *y, tmb_strips *strips, const tmb_conv2d_s8_params *p) {
  const int32_t width = strips->width, out_h = p->out_h, row = p->out_w * p->out_c;
  tmb_strip *strip = &strips->strip;
  int32_t c, oy;
  for (c = 0; c < p->out_c; c += 4, w += 4 * TMB_DEPTHWISE3X3_S8_WORDS) {
    const int32_t channels = p->out_c - c < 4 ? p->out_c - c : 4;
    uint32_t *upper = strips->pairs, *lower = upper + 4 * width;
    int8_t *to = y + c;
    strip->w = w;
    strip->y_row = row;
    tmb_pair_rows(upper, x + c, 0, channels, strips);
    for (oy = 0; oy < out_h; oy += 2, to += 2 * row) {
      uint32_t *swap = upper;
      tmb_pair_rows(lower, x + c, oy + 2, channels, strips);
      strip->y = to;
      strip->y_last = to + channels;
      if (oy + 1 == out_h)
        strip->y_row = 0;
      strip->upper = upper;
      strip->lower = lower;
      tmb_finish_strip(strip, p);
      upper = lower;
      lower = swap;
    }
  }
}

/* With stride 2, rows one after the other, so that outputs need not go where their own channel has been read. */
static void tmb_by_rows(const int8_t *x, const int32_t *w, int8_t *y, tmb_strips *strips, const tmb_conv2d_s8_params *p) {
  const int32_t slot = 4 * strips->width;
  tmb_strip *strip = &strips->strip;
  const int keeps = strips->slots > 2; /* the lower pair of a strip is the upper pair of the next */
  /* The slot of the next lower pair; the upper pair is in the slot after it, which is free then. With a slot more than pairs, the
   * walk comes back to each pair when it is an upper one. */
  int32_t spare = strips->slots - 1;
  int32_t c, oy;
  for (oy = 0; oy < p->out_h; ++oy) {
    for (c = 0; c < p->out_c; c += 4) {
      const int32_t channels = p->out_c - c < 4 ? p->out_c - c : 4;
      const int32_t upper = spare + 1 < strips->slots ? spare + 1 : 0;
      if (!keeps || oy == 0)
        tmb_pair_rows(strips->pairs + slot * upper, x + c, 2 * oy, channels, strips);
      tmb_pair_rows(strips->pairs + slot * spare, x + c, 2 * oy + 2, channels, strips);
      strip->w = w + TMB_DEPTHWISE3X3_S8_WORDS * c;
      strip->y = y + oy * p->out_w * p->out_c + c;
      strip->y_last = strip->y + channels;
      strip->upper = strips->pairs + slot * upper;
      strip->lower = strips->pairs + slot * spare;
      tmb_finish_strip(strip, p);
      spare = upper;
    }
  }
}

void tmb_depthwise3x3_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p) {
  const uint32_t zero = (uint32_t)p->in_zero_point & 0xffffu;
  const int32_t even = p->out_w & ~1;
  tmb_strips strips;
  int32_t n, i;
  strips.pairs = (uint32_t *)scratch;
  strips.slots = tmb_depthwise3x3_s8_slots(p);
  strips.width = tmb_depthwise3x3_s8_width(p);
  strips.count = p->in_w < strips.width - p->pad_left ? p->in_w : strips.width - p->pad_left;
  strips.pitch = p->in_w * p->in_c;
  strips.zeros = (zero & 0xffu) * 0x01010101u;
  strips.p = p;
  strips.strip.advance = 4 * (strips.width - even * p->stride_h);
  strips.strip.y_bytes = even * p->out_c;
  strips.strip.odd = p->out_w & 1;
  strips.strip.y_step = p->out_c;
  strips.strip.y_row = 0;
  strips.strip.zero_point = p->out_zero_point;
  /* The columns of padding stay as they are. */
  for (i = 0; i < 4 * strips.slots * strips.width; ++i)
    strips.pairs[i] = zero | (zero << 16);
  for (n = 0; n < p->batch; ++n, x += p->in_h * p->in_w * p->in_c, y += p->out_h * p->out_w * p->out_c) {
    if (p->stride_h == 2)
      tmb_by_rows(x, w, y, &strips, p);
    else
      tmb_by_channels(x, w, y, &strips, p);
  }
}
