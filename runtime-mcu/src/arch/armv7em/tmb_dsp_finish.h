/* SPDX-License-Identifier: MIT */
/* How the accumulators of convolutions and matrix products become int8 outputs, with the DSP instructions of Armv7E-M. */
#ifndef TMB_DSP_FINISH_H
#define TMB_DSP_FINISH_H

#include "tmb_dsp.h"

typedef struct tmb_dsp_output {
  int32_t shift, zero_point;
  int32_t act_min, act_max;
  int32_t plain; /* neither a shift nor limits within those of int8: SMMLAR and SSAT are all it takes */
} tmb_dsp_output;

static inline tmb_dsp_output tmb_dsp_output_of(int32_t shift, int32_t zero_point, int32_t act_min, int32_t act_max) {
  tmb_dsp_output out;
  out.shift = shift;
  out.zero_point = zero_point;
  out.act_min = act_min;
  out.act_max = act_max;
  out.plain = shift == 0 && act_min == -128 && act_max == 127;
  return out;
}

static inline int32_t tmb_finish_plain(int32_t acc, int32_t multiplier, int32_t zero_point) {
  return tmb_ssat8(tmb_smmlar(acc, multiplier, zero_point));
}

/* One copy in each kernel: what it costs matters less than its size. */
__attribute__((__noinline__)) static int32_t tmb_finish_general(int32_t acc, int32_t multiplier, const tmb_dsp_output *out) {
  return tmb_clamp_s32(tmb_requantize(acc, multiplier, out->shift, out->zero_point), out->act_min, out->act_max);
}

#endif
