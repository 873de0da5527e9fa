/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution, int8, with the DSP instructions of Armv7E-M. */
#include "thimble/tmb_kernels.h"
#include "tmb_dsp.h"
#include "tmb_dsp_finish.h"

/* Four neighbouring channels are computed together, two taps at a time: one SMLAD for each channel.
 *
 * Weights of two taps are paired once for all positions whose windows have the same taps inside the image: the whole interior,
 * and each row and column of positions at the border. Taps in the padding are left out; their share goes into the bias. */
typedef struct tmb_pair {
  int32_t offset[2];   /* of the taps' pixels, from that of the first tap */
  uint32_t weights[4]; /* of both taps, one word for each channel */
} tmb_pair;

#define TMB_PAIRS 18 /* enough for 6x6; larger kernels go tap by tap */

/* One axis of the output: positions [first, end) have the taps [begin, stop) inside the image. */
typedef struct tmb_span {
  int32_t first, end;
  int32_t begin, stop;
} tmb_span;

/* The span that starts at output position `first`: the interior in one piece, other positions alone. */
static tmb_span tmb_span_at(int32_t first, int32_t out, int32_t in, int32_t kernel, int32_t stride, int32_t dilation,
                            int32_t pad) {
  const int32_t start = first * stride - pad;
  const int32_t room = in - 1 - (kernel - 1) * dilation; /* the last start of a window inside the image */
  tmb_span span;
  span.first = first;
  span.end = first + 1;
  span.begin = 0;
  span.stop = kernel;
  while (span.begin < kernel && start + span.begin * dilation < 0)
    ++span.begin;
  while (span.stop > span.begin && start + (span.stop - 1) * dilation >= in)
    --span.stop;
  if (start >= 0 && start <= room)
    span.end = first + (room - start) / stride + 1;
  if (span.end > out)
    span.end = out;
  return span;
}

/* Pairs the weights w of four channels; returns how many pairs there are. acc becomes the bias with the padding's share. */
static int32_t tmb_pairs_of(tmb_pair *pairs, const int8_t *w, const tmb_span *rows, const tmb_span *cols, int32_t *acc,
                            const tmb_conv2d_s8_params *p) {
  int32_t sum[4] = {0, 0, 0, 0};
  int32_t count = 0, offset = 0, ky, kx, j;
  int odd = 0;
  uint32_t previous = 0;
  for (ky = 0; ky < p->kernel_h; ++ky) {
    const int inside = ky >= rows->begin && ky < rows->stop;
    offset = (ky - rows->begin) * p->dilation_h * p->in_w * p->in_c;
    for (kx = 0; kx < p->kernel_w; ++kx, w += p->out_c) {
      if (!inside || kx < cols->begin || kx >= cols->stop) {
        for (j = 0; j < 4; ++j)
          sum[j] += w[j];
        continue;
      }
      {
        const uint32_t word = tmb_load32(w);
        pairs[count].offset[odd] = offset;
        offset += p->dilation_w * p->in_c;
        if (odd) {
          const uint32_t low = tmb_pkhbt(previous, word), high = tmb_pkhtb(previous, word);
          pairs[count].weights[0] = tmb_sxtb16(low);
          pairs[count].weights[1] = tmb_sxtb16_ror8(low);
          pairs[count].weights[2] = tmb_sxtb16(high);
          pairs[count].weights[3] = tmb_sxtb16_ror8(high);
          ++count;
        }
        previous = word;
        odd = !odd;
      }
    }
  }
  if (odd) { /* an odd tap is paired with itself, times 0 */
    const uint32_t low = previous & 0xffffu, high = previous >> 16;
    pairs[count].offset[1] = pairs[count].offset[0];
    pairs[count].weights[0] = tmb_sxtb16(low);
    pairs[count].weights[1] = tmb_sxtb16_ror8(low);
    pairs[count].weights[2] = tmb_sxtb16(high);
    pairs[count].weights[3] = tmb_sxtb16_ror8(high);
    ++count;
  }
  for (j = 0; j < 4; ++j)
    acc[j] += p->in_zero_point * sum[j];
  return count;
}

/* A row of output positions, four channels of each. Assembly knows the order of the members. */
typedef struct tmb_run {
  int32_t bias[4], multiplier[4];
  int32_t zero_point;
  const int8_t *x; /* the pixel of the first tap */
  int32_t x_step;
  int8_t *y, *y_end;
  int32_t y_step;
  const tmb_pair *pairs;
  int32_t count;
} tmb_run;

#if defined(__ARM_FEATURE_DSP)

/* r0 x, r1 pairs, r2 how many are left, r4 to r7 the accumulators of the four channels, the job on the stack */
#define TMB_PAIR                                                                                                               \
  "ldmia r1!, {r8, r9, r10, r11, r12, lr}\n\t"                                                                                 \
  "ldr r8, [r0, r8]\n\t"                                                                                                       \
  "ldr r9, [r0, r9]\n\t"                                                                                                       \
  "pkhbt r3, r8, r9, lsl #16\n\t"                                                                                              \
  "pkhtb r9, r9, r8, asr #16\n\t"                                                                                              \
  "sxtb16 r8, r3\n\t"                                                                                                          \
  "sxtb16 r3, r3, ror #8\n\t"                                                                                                  \
  "smlad r4, r8, r10, r4\n\t"                                                                                                  \
  "smlad r5, r3, r11, r5\n\t"                                                                                                  \
  "sxtb16 r8, r9\n\t"                                                                                                          \
  "sxtb16 r9, r9, ror #8\n\t"                                                                                                  \
  "smlad r6, r8, r12, r6\n\t"                                                                                                  \
  "smlad r7, r9, lr, r7\n\t"

/* There is at least one position. Neither shift nor activation limits. */
TMB_NAKED void tmb_run_plain(tmb_run *run __attribute__((__unused__))) {
  __asm__ volatile("push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "mov r3, r0\n\t"
                   "ldr r0, [r3, #36]\n"
                   "1:\n\t"
                   "ldmia r3, {r4, r5, r6, r7}\n\t"
                   "ldrd r1, r2, [r3, #56]\n\t"
                   "lsrs r12, r2, #1\n\t"
                   "bcs 3f\n\t"
                   "beq 4f\n"
                   "2:\n\t" TMB_PAIR "5:\n\t" TMB_PAIR "subs r2, r2, #2\n\t"
                   "bne 2b\n"
                   "4:\n\t"
                   "ldr r3, [sp]\n\t"
                   "add r1, r3, #16\n\t"
                   "ldmia r1, {r8, r9, r10, r11, r12}\n\t"
                   "smmlar r4, r4, r8, r12\n\t"
                   "smmlar r5, r5, r9, r12\n\t"
                   "smmlar r6, r6, r10, r12\n\t"
                   "smmlar r7, r7, r11, r12\n\t"
                   "ssat r4, #8, r4\n\t"
                   "ssat r5, #8, r5\n\t"
                   "ssat r6, #8, r6\n\t"
                   "ssat r7, #8, r7\n\t"
                   "bfi r4, r5, #8, #8\n\t"
                   "bfi r6, r7, #8, #8\n\t"
                   "pkhbt r4, r4, r6, lsl #16\n\t"
                   "add r1, r3, #40\n\t"
                   "ldmia r1, {r8, r9, r10, r11}\n\t" /* x_step, y, y_end, y_step */
                   "add r0, r0, r8\n\t"
                   "str r4, [r9]\n\t"
                   "add r9, r9, r11\n\t"
                   "str r9, [r3, #44]\n\t"
                   "cmp r9, r10\n\t"
                   "bne 1b\n\t"
                   "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
                   "3:\n\t"
                   "adds r2, r2, #1\n\t"
                   "b 5b");
}

#undef TMB_PAIR

#endif

static void tmb_run_general(const tmb_run *run, const tmb_dsp_output *out) {
  const int8_t *x = run->x;
  int8_t *y;
  for (y = run->y; y != run->y_end; y += run->y_step, x += run->x_step) {
    int32_t acc[4];
    int32_t i, j;
    for (j = 0; j < 4; ++j)
      acc[j] = run->bias[j];
    for (i = 0; i < run->count; ++i) {
      const tmb_pair *pair = run->pairs + i;
      const uint32_t a = tmb_load32(x + pair->offset[0]), b = tmb_load32(x + pair->offset[1]);
      const uint32_t low = tmb_pkhbt(a, b), high = tmb_pkhtb(a, b);
      acc[0] = tmb_smlad(tmb_sxtb16(low), pair->weights[0], acc[0]);
      acc[1] = tmb_smlad(tmb_sxtb16_ror8(low), pair->weights[1], acc[1]);
      acc[2] = tmb_smlad(tmb_sxtb16(high), pair->weights[2], acc[2]);
      acc[3] = tmb_smlad(tmb_sxtb16_ror8(high), pair->weights[3], acc[3]);
    }
    for (j = 0; j < 4; ++j)
      y[j] = (int8_t)tmb_finish_general(acc[j], run->multiplier[j], out);
  }
}

/* The four channels from c on of one image. */
static void tmb_depthwise_four(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                               int32_t c, const tmb_dsp_output *out, const tmb_conv2d_s8_params *p) {
  tmb_span rows, cols;
  rows.end = 0;
  while (rows.end < p->out_h) {
    rows = tmb_span_at(rows.end, p->out_h, p->in_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top);
    cols.end = 0;
    while (cols.end < p->out_w) {
      tmb_pair pairs[TMB_PAIRS];
      tmb_run run;
      int32_t oy, ix, j;
      cols = tmb_span_at(cols.end, p->out_w, p->in_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left);
      for (j = 0; j < 4; ++j) {
        run.bias[j] = bias[c + j];
        run.multiplier[j] = multiplier[c + j];
      }
      run.zero_point = out->zero_point;
      run.x_step = p->stride_w * p->in_c;
      run.y_step = p->out_c;
      run.pairs = pairs;
      run.count = tmb_pairs_of(pairs, w + c, &rows, &cols, run.bias, p);
      ix = cols.first * p->stride_w - p->pad_left + cols.begin * p->dilation_w;
      for (oy = rows.first; oy < rows.end; ++oy) {
        const int32_t iy = oy * p->stride_h - p->pad_top + rows.begin * p->dilation_h;
        run.x = run.count > 0 ? x + (iy * p->in_w + ix) * p->in_c + c : x;
        run.y = y + (oy * p->out_w + cols.first) * p->out_c + c;
        run.y_end = run.y + (cols.end - cols.first) * p->out_c;
#if defined(__ARM_FEATURE_DSP)
        if (out->plain) {
          tmb_run_plain(&run);
          continue;
        }
#endif
        tmb_run_general(&run, out);
      }
    }
  }
}

/* One output channel of one image, tap by tap. */
static void tmb_depthwise_one(const int8_t *x, const int8_t *w, int32_t bias, int32_t multiplier, int8_t *y,
                              const tmb_dsp_output *out, const tmb_conv2d_s8_params *p) {
  int32_t oy, ox, ky, kx;
  for (oy = 0; oy < p->out_h; ++oy) {
    for (ox = 0; ox < p->out_w; ++ox, y += p->out_c) {
      const int8_t *weight = w;
      int32_t acc = bias;
      for (ky = 0; ky < p->kernel_h; ++ky) {
        const int32_t iy = oy * p->stride_h - p->pad_top + ky * p->dilation_h;
        const int inside = iy >= 0 && iy < p->in_h;
        int32_t ix = ox * p->stride_w - p->pad_left;
        for (kx = 0; kx < p->kernel_w; ++kx, ix += p->dilation_w, weight += p->out_c)
          acc += *weight * (inside && ix >= 0 && ix < p->in_w ? x[(iy * p->in_w + ix) * p->in_c] : p->in_zero_point);
      }
      *y = (int8_t)tmb_finish_general(acc, multiplier, out);
    }
  }
}

void tmb_depthwise_conv2d_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                             const tmb_conv2d_s8_params *p) {
  const tmb_dsp_output out = tmb_dsp_output_of(p->shift, p->out_zero_point, p->act_min, p->act_max);
  const int fours = p->out_c == p->in_c && p->in_c >= 4 && p->kernel_h * p->kernel_w <= 2 * TMB_PAIRS;
  int32_t n, c;
  for (n = 0; n < p->batch; ++n) {
    if (fours) {
      for (c = 0; c < p->out_c; c += 4) /* the last four may overlap those before */
        tmb_depthwise_four(x, w, bias, multiplier, y, c <= p->out_c - 4 ? c : p->out_c - 4, &out, p);
    } else {
      for (c = 0; c < p->out_c; ++c)
        tmb_depthwise_one(x + c / (p->out_c / p->in_c), w + c, bias[c], multiplier[c], y + c, &out, p);
    }
    x += p->in_h * p->in_w * p->in_c;
    y += p->out_h * p->out_w * p->out_c;
  }
}
