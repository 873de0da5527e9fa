/* SPDX-License-Identifier: MIT */
/* 2-D depthwise convolution of 3 by 3 taps, int8, with the vector instructions of Armv8.1-M: eight channels at a time, so that it
 * can run in place, two positions at a time, so that they share the weights. */
#include <arm_mve.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"

#define TMB_LANES 8

/* What the innermost loop works on. Assembly knows where the members are. Sums are of the even channels, then of the odd ones. */
typedef struct tmb_mve_depthwise {
  int16_t weights[9][TMB_LANES];
  int32_t bias[2][4], multiplier[2][4];         /* 144, 176 */
  int16_t most[TMB_LANES], least[TMB_LANES];    /* 208, 224: the clamp */
  const int8_t *rows[3];                        /* 240 */
  int32_t zero_point;                           /* 252 */
  int8_t *y[2];                                 /* 256: outputs of the first two positions */
  int32_t y_step;                               /* 264: from two positions to the next two */
  int32_t pairs;                                /* 268: of positions */
  uint32_t lanes;                               /* 272: a predicate of 16 bits; fewer for the last channels */
} tmb_mve_depthwise;

/* A tap of both positions: row r1, r2 or r3; at `a` of the first, at `b` of the second; its weights at w. */
#define TMB_TAP(row, a, b, w)                                                                                                  \
  "vldrh.u16 q4, [r0, #" w "]\n\t"                                                                                             \
  "vldrb.s16 q5, [" row ", #" b "]\n\t"                                                                                        \
  "vmullb.s16 q6, q4, q5\n\t"                                                                                                  \
  "vmullt.s16 q7, q4, q5\n\t"                                                                                                  \
  "vldrb.s16 q5, [" row a "\n\t"                                                                                               \
  "vadd.i32 q2, q2, q6\n\t"                                                                                                    \
  "vadd.i32 q3, q3, q7\n\t"                                                                                                    \
  "vmullb.s16 q6, q4, q5\n\t"                                                                                                  \
  "vmullt.s16 q7, q4, q5\n\t"                                                                                                  \
  "vadd.i32 q0, q0, q6\n\t"                                                                                                    \
  "vadd.i32 q1, q1, q7\n\t"

#define TMB_POSITIONS(name, b0, b1, b2, next)                                                                                  \
  __attribute__((naked, noinline)) static void name(const tmb_mve_depthwise *d __attribute__((unused))) {                      \
    __asm__ volatile("push {r4, r5, r6, r7, r8, lr}\n\t"                                                                       \
                     "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n\t"                                                        \
                     "add r7, r0, #240\n\t"                                                                                    \
                     "ldm r7, {r1, r2, r3, r4, r5, r6, r7, lr}\n\t" /* rows, zero point, y, y, step, pairs */                  \
                     "ldr r8, [r0, #272]\n\t"                                                                                  \
                     "vmsr p0, r8\n\t"                                                                                         \
                     "dls lr, lr\n"                                                                                            \
                     "1:\n\t"                                                                                                  \
                     "vldrw.u32 q0, [r0, #144]\n\t"                                                                            \
                     "vldrw.u32 q1, [r0, #160]\n\t"                                                                            \
                     "vldrw.u32 q2, [r0, #144]\n\t"                                                                            \
                     "vldrw.u32 q3, [r0, #160]\n\t"                                                                            \
                     TMB_TAP("r1", ", #16]", b2, "32")                                                                         \
                     TMB_TAP("r1", ", #8]", b1, "16")                                                                          \
                     TMB_TAP("r1", "], #" next, b0, "0")                                                                       \
                     TMB_TAP("r2", ", #16]", b2, "80")                                                                         \
                     TMB_TAP("r2", ", #8]", b1, "64")                                                                          \
                     TMB_TAP("r2", "], #" next, b0, "48")                                                                      \
                     TMB_TAP("r3", ", #16]", b2, "128")                                                                        \
                     TMB_TAP("r3", ", #8]", b1, "112")                                                                         \
                     TMB_TAP("r3", "], #" next, b0, "96")                                                                      \
                     "vldrw.u32 q4, [r0, #176]\n\t"                                                                            \
                     "vldrw.u32 q5, [r0, #192]\n\t"                                                                            \
                     "vrmulh.s32 q0, q0, q4\n\t"                                                                               \
                     "vrmulh.s32 q1, q1, q5\n\t"                                                                               \
                     "vrmulh.s32 q2, q2, q4\n\t"                                                                               \
                     "vrmulh.s32 q3, q3, q5\n\t"                                                                               \
                     "vqmovnb.s32 q6, q0\n\t"                                                                                  \
                     "vqmovnb.s32 q7, q2\n\t"                                                                                  \
                     "vqmovnt.s32 q6, q1\n\t"                                                                                  \
                     "vqmovnt.s32 q7, q3\n\t"                                                                                  \
                     "vqadd.s16 q6, q6, r4\n\t" /* what this saturates is clamped anyway */                                    \
                     "vqadd.s16 q7, q7, r4\n\t"                                                                                \
                     "vldrh.u16 q4, [r0, #208]\n\t"                                                                            \
                     "vldrh.u16 q5, [r0, #224]\n\t"                                                                            \
                     "vmin.s16 q6, q6, q4\n\t"                                                                                 \
                     "vmin.s16 q7, q7, q4\n\t"                                                                                 \
                     "vmax.s16 q6, q6, q5\n\t"                                                                                 \
                     "vmax.s16 q7, q7, q5\n\t"                                                                                 \
                     "vpstt\n\t"                                                                                               \
                     "vstrbt.16 q6, [r5]\n\t"                                                                                  \
                     "vstrbt.16 q7, [r6]\n\t"                                                                                  \
                     "adds r5, r5, r7\n\t"                                                                                     \
                     "adds r6, r6, r7\n\t"                                                                                     \
                     "le lr, 1b\n\t"                                                                                           \
                     "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n\t"                                                         \
                     "pop {r4, r5, r6, r7, r8, pc}" ::: "memory");                                                             \
  }

TMB_POSITIONS(tmb_mve_depthwise_stride1, "8", "16", "24", "16")
TMB_POSITIONS(tmb_mve_depthwise_stride2, "16", "24", "32", "32")

/* Outputs at `pairs` times two positions. */
static inline void tmb_mve_depthwise_run(tmb_mve_depthwise *d, int32_t pairs, int8_t *y0, int8_t *y1,
                                         const tmb_conv2d_s8_params *p) {
  d->pairs = pairs;
  d->y[0] = y0;
  d->y[1] = y1;
  if (p->stride_w == 1)
    tmb_mve_depthwise_stride1(d);
  else
    tmb_mve_depthwise_stride2(d);
}

/* The constants of the channels in the predicate `lanes`, from the stream of the first one. */
static void tmb_mve_depthwise_load(tmb_mve_depthwise *d, const int32_t *w, int32_t channels, const tmb_conv2d_s8_params *p) {
  const uint32x4_t next = vmulq_n_u32(vidupq_n_u32(0, 1), 8 * TMB_DEPTHWISE3X3_S8_WORDS); /* bytes to every other channel */
  const uint16x8_t each = vmulq_n_u16(vidupq_n_u16(0, 1), 4 * TMB_DEPTHWISE3X3_S8_WORDS);
  static const uint8_t byte_of_row[3] = {0, 1, 3};
  int32_t i;
  d->zero_point = p->out_zero_point;
  d->y_step = 2 * p->out_c;
  d->lanes = vctp16q((uint32_t)channels);
  vstrhq_s16(d->most, vdupq_n_s16((int16_t)p->act_max));
  vstrhq_s16(d->least, vdupq_n_s16((int16_t)p->act_min));
  for (i = 0; i < 9; ++i) {
    const int8_t *from = (const int8_t *)(w + 2 + i % 3) + byte_of_row[i / 3];
    vstrhq_s16(d->weights[i], vldrbq_gather_offset_z_s16(from, each, (mve_pred16_t)d->lanes));
  }
  for (i = 0; i < 2; ++i) {
    const mve_pred16_t lanes = vctp32q((uint32_t)(channels + 1 - i) / 2u);
    const int32_t *from = w + i * TMB_DEPTHWISE3X3_S8_WORDS;
    vstrwq_s32(d->bias[i], vldrwq_gather_offset_z_s32(from, next, lanes));
    vstrwq_s32(d->multiplier[i], vldrwq_gather_offset_z_s32(from + 1, next, lanes));
  }
}

/* The rows of outputs [first, last) of up to eight channels of one image. Rows of x wait in a ring of four, between columns of
 * padding, until all outputs that need them exist. */
static void tmb_mve_depthwise_rows(const int8_t *x, int8_t *y, int32_t first, int32_t last, int8_t *ring, tmb_mve_depthwise *d,
                                   const tmb_conv2d_s8_params *p) {
  const int32_t width = tmb_depthwise3x3_s8_width(p), row_bytes = width * TMB_LANES;
  const int32_t room = width - p->pad_left, count = p->in_w < room ? p->in_w : room;
  const int32_t step = p->stride_w * TMB_LANES;
  const int16x8_t zero = vdupq_n_s16((int16_t)p->in_zero_point);
  const mve_pred16_t lanes = (mve_pred16_t)d->lanes;
  const int32_t is_whole = d->lanes == 0xFFFFu, in_c = p->in_c;
  int8_t nowhere[TMB_LANES];          /* where an output without a position goes */
  int32_t next = first * p->stride_h; /* row of the padded image */
  int32_t oy, i;
  y += first * p->out_w * p->out_c;
  for (oy = first; oy < last; ++oy, y += p->out_w * p->out_c) {
    for (; next < oy * p->stride_h + 3; ++next) {
      int8_t *to = ring + (next & 3) * row_bytes + p->pad_left * TMB_LANES;
      const int32_t iy = next - p->pad_top;
      const int8_t *from = x + iy * p->in_w * p->in_c;
      if (iy >= 0 && iy < p->in_h) {
        for (i = count; i > 0 && is_whole; --i, from += in_c, to += TMB_LANES)
          vstrbq_s16(to, vldrbq_s16(from));
        for (; i > 0; --i, from += in_c, to += TMB_LANES)
          vstrbq_s16(to, vldrbq_z_s16(from, lanes));
      } else {
        for (i = count; i > 0; --i, to += TMB_LANES)
          vstrbq_s16(to, zero);
      }
    }
    for (i = 0; i < 3; ++i)
      d->rows[i] = ring + ((oy * p->stride_h + i) & 3) * row_bytes;
    if (p->out_w >= 2)
      tmb_mve_depthwise_run(d, p->out_w / 2, y, y + p->out_c, p);
    if (p->out_w == 1) {
      tmb_mve_depthwise_run(d, 1, y, nowhere, p);
    } else if ((p->out_w & 1) != 0) { /* the last position with the one before it again */
      const int32_t ox = p->out_w - 2;
      for (i = 0; i < 3; ++i)
        d->rows[i] += ox * step;
      tmb_mve_depthwise_run(d, 1, y + ox * p->out_c, y + (ox + 1) * p->out_c, p);
    }
  }
}

void tmb_depthwise3x3_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p) {
  const int16x8_t zero = vdupq_n_s16((int16_t)p->in_zero_point);
  int8_t *ring = (int8_t *)scratch;
  /* With stride 1 all rows of some channels, whose memory no others share; with stride 2 all channels of a row. */
  const int32_t rows = p->stride_h == 1 ? p->out_h : 1;
  int32_t n, c, oy, i;
  for (i = 0; i < 4 * tmb_depthwise3x3_s8_width(p); ++i)
    vstrbq_s16(ring + i * TMB_LANES, zero);
  for (n = 0; n < p->batch; ++n) {
    for (oy = 0; oy < p->out_h; oy += rows) {
      for (c = 0; c < p->out_c; c += TMB_LANES) {
        tmb_mve_depthwise d;
        tmb_mve_depthwise_load(&d, w + TMB_DEPTHWISE3X3_S8_WORDS * c, p->out_c - c < TMB_LANES ? p->out_c - c : TMB_LANES, p);
        tmb_mve_depthwise_rows(x + c, y + c, oy, oy + rows, ring, &d, p);
      }
    }
    x += p->in_h * p->in_w * p->in_c;
    y += p->out_h * p->out_w * p->out_c;
  }
}
