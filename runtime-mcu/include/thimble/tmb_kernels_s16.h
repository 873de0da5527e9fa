/* SPDX-License-Identifier: MIT */
/* The kernels of int16 activations. Where nothing else is said, each computes what the int8 kernel of its name in tmb_kernels.h does,
 * on symmetric activations: zero points are 0. Part of tmb_kernels.h. */
#ifndef THIMBLE_TMB_KERNELS_S16_H
#define THIMBLE_TMB_KERNELS_S16_H

#include "thimble/tmb_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 2-D convolution and fully connected layers (a row of pixels and one tap); shapes as for tmb_conv2d_s8, w is the stream that
 * tmb_layout.h defines. kernel_h, kernel_w and groups are at least 1. tmb_conv2d_s16 sums in 32 bits: for every channel,
 * |bias| + 2^15 * sum of |w| < 2^31. tmb_conv2d_wide_s16 sums in 64 bits, less than 2^46, and its factor is
 * multiplier * 2^(shift - 32) with shift from -31 to 15: y = sat(floor(acc * factor + 1/2)).
 * scratch has tmb_conv2d_s16_scratch_bytes(p) bytes, aligned to 4. */
void tmb_conv2d_s16(const int16_t *x, const int32_t *w, int16_t *y, void *scratch, const tmb_conv2d_s8_params *p);
void tmb_conv2d_wide_s16(const int16_t *x, const int32_t *w, int16_t *y, void *scratch, const tmb_conv2d_s8_params *p);

/* 2-D depthwise convolution; shapes and arguments as for tmb_depthwise_conv2d_s8.
 * Enough for the accumulator: for every channel, |bias| + 2^15 * sum of |w| < 2^31. */
void tmb_depthwise_conv2d_s16(const int16_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int16_t *y,
                              const tmb_conv2d_s8_params *p);

/* Batched matrix product of two activations, exact in 64 bits, requantized as tmb_conv2d_wide_s16 does. Enough for the accumulator:
 * depth <= 65535. */
void tmb_matmul_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_matmul_s8_params *p);

/* int16 addition as tmb_add_s16_params has it, exact in 64 bits: |y - (a + b)| is at most 1 unit (1/2 for the rounding, 1/4 for
 * that of each multiplier). Multiplication: y = sat(tmb_requantize(a * b, multiplier, shift, 0), act_min, act_max), within 3/4 of a
 * unit. Minimum and maximum of one scale. */
void tmb_add_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_add_s16_params *p);
void tmb_mul_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_mul_s8_params *p);
void tmb_min_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_binary_params *p);
void tmb_max_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_binary_params *p);

/* int16 division: with Q = 2^16 * factor / b, rounded, saturated to 32 bits and INT32_MAX for b = 0,
 *   y = sat(floor(a * Q * 2^-16 + 1/2), act_min, act_max).
 * |y - factor * a / b| is at most 3/4 + |y| * 2^-26: 1/2 for the rounding, 1/4 for that of Q, whose reciprocal of b comes from a
 * table of 65 entries and one step of Newton's, without a division. What a divisor of 0 divides saturates by its sign, 0 / 0 is 0. */
void tmb_div_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_div_s16_params *p);

/* int16 leaky rectifier with a tensor of slopes: x >= 0 becomes sat(tmb_requantize(x, positive_multiplier, positive_shift, 0)), the
 * others sat(tmb_requantize(x * slope, negative_multiplier, negative_shift, 0)), to act_min and act_max. Within 3/4 of a unit. */
void tmb_prelu_s16(const int16_t *x, const int16_t *slope, int16_t *y, const tmb_prelu_s16_params *p);

/* Any function f of an int16 tensor, linear between the entries of a table of the codes of f at x = -32768, -32768 + 2^shift ...
 * 32768: with x + 32768 = i * 2^shift + r,
 *   y = table[i] + floor((table[i + 1] - table[i]) * r / 2^shift + 1/2),  table[2^(16 - shift) + 1], shift 0 to 14.
 * A chord is off by h^2 * max |f''| / 8 with h = 2^shift scales of x, the entries and the sum by half a unit each: so y is within
 * 1 + h^2 * max |f''| / (8 * scale of y) units of f. */
void tmb_lookup_s16(const int16_t *x, const int16_t *table, int16_t *y, const tmb_lookup_s16_params *p);

/* min(max(x, low), high) on int16 codes, exact: relu and clip. */
void tmb_clamp_s16(const int16_t *x, int16_t *y, const tmb_clamp_s16_params *p);

/* int16; y has scale 2^-15 and zero point 0, the largest code is 32767. The exponential is 2^-n times a table of 129 entries of
 * 24 bits, linear in between; one reciprocal a row, by one 32-bit division and one step of Newton's. With p the exact probability,
 * |y - 2^15 * p| is at most 3/4 + depth * 2^-10 units of y, and 1 where p rounds to 1. depth <= 65535. y may equal x. */
void tmb_softmax_s16(const int16_t *x, int16_t *y, const tmb_softmax_s16_params *p);

/* Both in int16. With c[i] = depth * x[i] - sum of x (or, not centered, depth * x[i]) and v = the sum of c^2 over depth, plus
 * epsilon << epsilon_shift, exact in 64 bits,
 *   z[i] = c[i] / sqrt(v) in units of 2^-20, 0 for v = 0,
 *   y[i] = sat((z[i] * gain[i] + 2^20 * bias[i]) >> shift).
 * The inverse square root is within 2^-26 of itself. The compiler makes gain = scale / (scale of y) and bias = b / (scale of y) +
 * 1/2, both in units of 2^-(shift - 20): y is within 1/2 + |y| * 2^-15 + (|scale| + |b|) / (scale of y) * 2^-20 + 2^-(shift - 20)
 * units of the real normalization. depth is 1 to 16383, epsilon << epsilon_shift < 2^60. y may equal x. */
void tmb_norm_s16(const int16_t *x, const int32_t *gain, const int32_t *bias, int16_t *y, const tmb_norm_s16_params *p);

/* int16, the same with zero point 0 and the lowest code -32768; a window to average has fewer than 2^15 positions. */
void tmb_max_pool2d_s16(const int16_t *x, int16_t *y, const tmb_pool2d_params *p);
void tmb_average_pool2d_s16(const int16_t *x, int16_t *y, const tmb_pool2d_params *p);

/* int16, with zero point 0; the mean (or sum) reduces at most 65535 elements to one. */
void tmb_reduce_max_s16(const int16_t *x, int16_t *y, const tmb_reduce_params *p);
void tmb_mean_s16(const int16_t *x, int16_t *y, const tmb_mean_s8_params *p);

/* int16, with zero point 0. From float32: y = sat(round(x * scale)), halves to even, NaN gives 0. */
void tmb_quantize_f32_s16(const float *x, int16_t *y, const tmb_quantize_params *p);
void tmb_dequantize_s16_f32(const int16_t *x, float *y, const tmb_quantize_params *p);

/* Between the two widths, and int16 to another scale, as tmb_requantize_s8. From int8 with a scale 128 times finer nothing is lost.
 * tmb_requantize_s16: y may equal x. tmb_requantize_s16_s8: y may equal x, of whose bytes it takes the first half. */
void tmb_requantize_s8_s16(const int8_t *x, int16_t *y, const tmb_requantize_params *p);
void tmb_requantize_s16_s8(const int16_t *x, int8_t *y, const tmb_requantize_params *p);
void tmb_requantize_s16(const int16_t *x, int16_t *y, const tmb_requantize_params *p);

#ifdef __cplusplus
}
#endif

#endif
