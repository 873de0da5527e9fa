/* SPDX-License-Identifier: MIT */
/* Elementwise addition and subtraction with broadcasting, int8, with the DSP instructions of Armv7E-M. */
#include "thimble/tmb_kernels.h"
#include "tmb_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* y[i] from a[i] and b[i] for i < count, a multiple of 4 and not 0, without activation limits. The compiler would need some
 * instructions more to put the bytes together. */
static void tmb_add_s8_fours(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, uint32_t multipliers, int32_t offset,
                             int32_t shift) {
  const int8_t *end = a + count;
  uint32_t low, high, second, fourth;
  __asm__ volatile("1:\n\t"
                   "ldr %[low], [%[a]], #4\n\t"
                   "ldr %[fourth], [%[b]], #4\n\t"
                   "pkhtb %[high], %[fourth], %[low], asr #16\n\t"
                   "pkhbt %[low], %[low], %[fourth], lsl #16\n\t"
                   "sxtb16 %[second], %[low], ror #8\n\t"
                   "sxtb16 %[fourth], %[high], ror #8\n\t"
                   "sxtb16 %[low], %[low]\n\t"
                   "sxtb16 %[high], %[high]\n\t"
                   "smlad %[low], %[low], %[multipliers], %[offset]\n\t"
                   "smlad %[second], %[second], %[multipliers], %[offset]\n\t"
                   "smlad %[high], %[high], %[multipliers], %[offset]\n\t"
                   "smlad %[fourth], %[fourth], %[multipliers], %[offset]\n\t"
                   "asr %[low], %[low], %[shift]\n\t"
                   "asr %[second], %[second], %[shift]\n\t"
                   "asr %[high], %[high], %[shift]\n\t"
                   "asr %[fourth], %[fourth], %[shift]\n\t"
                   "ssat %[low], #8, %[low]\n\t"
                   "ssat %[second], #8, %[second]\n\t"
                   "ssat %[high], #8, %[high]\n\t"
                   "ssat %[fourth], #8, %[fourth]\n\t"
                   "bfi %[low], %[second], #8, #8\n\t"
                   "bfi %[high], %[fourth], #8, #8\n\t"
                   "pkhbt %[low], %[low], %[high], lsl #16\n\t"
                   "str %[low], [%[y]], #4\n\t"
                   "cmp %[a], %[end]\n\t"
                   "bne 1b"
                   : [a] "+r"(a), [b] "+r"(b), [y] "+r"(y), [low] "=&r"(low), [high] "=&r"(high), [second] "=&r"(second),
                     [fourth] "=&r"(fourth)
                   : [end] "r"(end), [multipliers] "r"(multipliers), [offset] "r"(offset), [shift] "r"(shift)
                   : "cc", "memory");
}

#endif

/* y[i] from a[i] and b[i], four at a time. */
static void tmb_add_s8_dense(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const tmb_add_s8_params *p) {
  /* One SMLAD takes a pair of elements to its scaled sum. */
  const uint32_t multipliers = tmb_pkhbt((uint32_t)p->a_multiplier, (uint32_t)p->b_multiplier);
  const int32_t offset = p->offset, shift = p->shift;
  const int32_t act_min = p->act_min, act_max = p->act_max;
  const int full = act_min == -128 && act_max == 127;
  int32_t i = 0;
#if defined(__ARM_FEATURE_DSP)
  if (full && count >= 4) {
    i = count & ~3;
    tmb_add_s8_fours(a, b, y, i, multipliers, offset, shift);
  }
#endif
  for (; i + 4 <= count; i += 4) {
    const uint32_t a4 = tmb_load32(a + i), b4 = tmb_load32(b + i);
    const uint32_t low = tmb_pkhbt(a4, b4), high = tmb_pkhtb(a4, b4);
    int32_t y0 = tmb_ssat8(tmb_smlad(tmb_sxtb16(low), multipliers, offset) >> shift);
    int32_t y1 = tmb_ssat8(tmb_smlad(tmb_sxtb16_ror8(low), multipliers, offset) >> shift);
    int32_t y2 = tmb_ssat8(tmb_smlad(tmb_sxtb16(high), multipliers, offset) >> shift);
    int32_t y3 = tmb_ssat8(tmb_smlad(tmb_sxtb16_ror8(high), multipliers, offset) >> shift);
    if (!full) {
      y0 = tmb_clamp_s32(y0, act_min, act_max);
      y1 = tmb_clamp_s32(y1, act_min, act_max);
      y2 = tmb_clamp_s32(y2, act_min, act_max);
      y3 = tmb_clamp_s32(y3, act_min, act_max);
    }
    tmb_store32(y + i, tmb_pack4(y0, y1, y2, y3));
  }
  for (; i < count; ++i) {
    const int32_t sum = a[i] * p->a_multiplier + b[i] * p->b_multiplier + offset;
    y[i] = (int8_t)tmb_clamp_s32(sum >> shift, act_min, act_max);
  }
}

void tmb_add_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_add_s8_params *p) {
  const int32_t outer = p->rank > 0 ? p->rank - 1 : 0;
  const int32_t count = p->rank > 0 ? p->dims[outer] : 1;
  const int32_t a_step = p->a_strides[outer], b_step = p->b_strides[outer];
  const int has16Bits = p->a_multiplier == (int16_t)p->a_multiplier && p->b_multiplier == (int16_t)p->b_multiplier;
  int32_t rows = 1;
  int32_t row, d, i;
  for (d = 0; d < outer; ++d)
    rows *= p->dims[d];
  for (row = 0; row < rows; ++row, y += count) {
    const int8_t *a_row = a, *b_row = b;
    int32_t rest = row;
    for (d = outer - 1; d >= 0; --d) {
      const int32_t index = rest % p->dims[d];
      rest /= p->dims[d];
      a_row += index * p->a_strides[d];
      b_row += index * p->b_strides[d];
    }
    if (a_step == 1 && b_step == 1 && has16Bits) {
      tmb_add_s8_dense(a_row, b_row, y, count, p);
      continue;
    }
    for (i = 0; i < count; ++i) {
      const int32_t sum = a_row[i * a_step] * p->a_multiplier + b_row[i * b_step] * p->b_multiplier + p->offset;
      y[i] = (int8_t)tmb_clamp_s32(sum >> p->shift, p->act_min, p->act_max);
    }
  }
}
