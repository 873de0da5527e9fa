/* SPDX-License-Identifier: MIT */
/* The DSP instructions of Armv7E-M that the int8 kernels use, each with a model in plain C for other computers. */
#ifndef TMB_DSP_H
#define TMB_DSP_H

#include <stdint.h>
#include <string.h>

#include "thimble/tmb_requant.h"

/* A 32-bit word holds four int8 values, or two int16 values ("halves"), the first in the lowest bits. */

/* Words at any address: LDR and STR need no alignment on this architecture, LDRD and LDM do. */
static inline uint32_t tmb_load32(const void *p) {
  uint32_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline void tmb_store32(void *p, uint32_t word) { memcpy(p, &word, sizeof word); }

#if defined(__ARM_FEATURE_DSP)

/* A function that is nothing but assembly: the innermost loops need every register, more than a compiler hands out. */
#define TMB_NAKED __attribute__((__naked__, __noinline__, __used__)) static

/* Bytes 0 and 2 as halves. */
static inline uint32_t tmb_sxtb16(uint32_t word) {
  uint32_t result;
  __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
  return result;
}

/* Bytes 1 and 3 as halves. */
static inline uint32_t tmb_sxtb16_ror8(uint32_t word) {
  uint32_t result;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
  return result;
}

/* The lower halves of a and b. */
static inline uint32_t tmb_pkhbt(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* The upper halves of a and b. */
static inline uint32_t tmb_pkhtb(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(b), "r"(a));
  return result;
}

/* acc + the products of the lower and of the upper halves. */
static inline int32_t tmb_smlad(uint32_t a, uint32_t b, int32_t acc) {
  int32_t result;
  __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc) : "cc");
  return result;
}

/* The same in 64 bits. */
static inline int64_t tmb_smlald(uint32_t a, uint32_t b, int64_t acc) {
  __asm__("smlald %Q0, %R0, %1, %2" : "+r"(acc) : "r"(a), "r"(b));
  return acc;
}

/* acc + the upper word of a * b, rounded. */
static inline int32_t tmb_smmlar(int32_t a, int32_t b, int32_t acc) {
  int32_t result;
  __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
  return result;
}

/* Adds bytes 0 and 2 to the halves of acc. */
static inline uint32_t tmb_sxtab16(uint32_t acc, uint32_t word) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(acc), "r"(word));
  return result;
}

/* Adds bytes 1 and 3 to the halves of acc. */
static inline uint32_t tmb_sxtab16_ror8(uint32_t acc, uint32_t word) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(acc), "r"(word));
  return result;
}

/* Clamps to the range of int8. */
static inline int32_t tmb_ssat8(int32_t value) {
  int32_t result;
  __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value) : "cc");
  return result;
}

/* The larger of each two bytes. */
static inline uint32_t tmb_max4(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}

#else

static inline uint32_t tmb_max4(uint32_t a, uint32_t b) {
  uint32_t result = 0;
  int32_t shift;
  for (shift = 0; shift < 32; shift += 8) {
    const int8_t first = (int8_t)(uint8_t)(a >> shift), second = (int8_t)(uint8_t)(b >> shift);
    result |= (uint32_t)(uint8_t)(first >= second ? first : second) << shift;
  }
  return result;
}

static inline uint32_t tmb_sxtb16(uint32_t word) {
  return (uint32_t)(uint16_t)(int8_t)(uint8_t)word | ((uint32_t)(uint16_t)(int8_t)(uint8_t)(word >> 16) << 16);
}

static inline uint32_t tmb_sxtb16_ror8(uint32_t word) { return tmb_sxtb16(word >> 8); }

static inline uint32_t tmb_sxtab16(uint32_t acc, uint32_t word) {
  const uint32_t wide = tmb_sxtb16(word);
  return ((acc + wide) & 0xffffu) | ((acc & 0xffff0000u) + (wide & 0xffff0000u));
}

static inline uint32_t tmb_sxtab16_ror8(uint32_t acc, uint32_t word) { return tmb_sxtab16(acc, word >> 8); }

static inline uint32_t tmb_pkhbt(uint32_t a, uint32_t b) { return (a & 0xffffu) | (b << 16); }

static inline uint32_t tmb_pkhtb(uint32_t a, uint32_t b) { return (a >> 16) | (b & 0xffff0000u); }

static inline int32_t tmb_smlad(uint32_t a, uint32_t b, int32_t acc) {
  const int32_t low = (int32_t)(int16_t)(uint16_t)a * (int16_t)(uint16_t)b;
  const int32_t high = (int32_t)(int16_t)(uint16_t)(a >> 16) * (int16_t)(uint16_t)(b >> 16);
  return (int32_t)((uint32_t)acc + (uint32_t)low + (uint32_t)high);
}

static inline int64_t tmb_smlald(uint32_t a, uint32_t b, int64_t acc) {
  acc += (int32_t)(int16_t)(uint16_t)a * (int16_t)(uint16_t)b;
  return acc + (int32_t)(int16_t)(uint16_t)(a >> 16) * (int16_t)(uint16_t)(b >> 16);
}

static inline int32_t tmb_smmlar(int32_t a, int32_t b, int32_t acc) { return tmb_requantize(a, b, 0, acc); }

static inline int32_t tmb_ssat8(int32_t value) { return tmb_clamp_s32(value, -128, 127); }

#endif

/* Four int8 values in a word. */
static inline uint32_t tmb_pack4(int32_t a, int32_t b, int32_t c, int32_t d) {
  return (uint32_t)(uint8_t)a | ((uint32_t)(uint8_t)b << 8) | ((uint32_t)(uint8_t)c << 16) | ((uint32_t)d << 24);
}

/* 1 to 3 bytes as a word, zeros above. */
static inline uint32_t tmb_load_part(const int8_t *p, int32_t count) {
  uint32_t word = (uint8_t)p[0];
  if (count > 1)
    word |= (uint32_t)(uint8_t)p[1] << 8;
  if (count > 2)
    word |= (uint32_t)(uint8_t)p[2] << 16;
  return word;
}

#endif
