/* SPDX-License-Identifier: MIT */
/* The kernels: every operator that a compiled model can call, and exactly what it computes. */
#ifndef THIMBLE_TMB_KERNELS_H
#define THIMBLE_TMB_KERNELS_H

#include "thimble/tmb_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What holds for all kernels, beyond the conventions in tmb_abi.h
 * - Nothing is checked: the compiler guarantees shapes, strides and ranges. Pointers are aligned to their element type, and not
 *   null unless a comment allows it. A tensor has fewer than 2^31 bytes.
 * - Dimensions and counts may be 0 unless a comment forbids it. An output without elements is not touched.
 * - y may equal an input only where the comment says so, and overlaps no input in any other way.
 * - Integer results are exact and the same on every target. "sat" clamps to -128..127.
 * - float32 sums add in the order of the formulas, one rounding each, unfused; functions of libm are as good as the libm.
 *   NaN inputs give NaN outputs unless a kernel says otherwise.
 * - An accumulator of an int8 kernel must not leave 32 bits; each kernel states a condition that is enough.
 * - "Dense" strides are those of a row-major tensor of the shape dims. */

/* ---- Convolution and matrix products, float32 ---- */

/* 2-D convolution. x[batch][in_h][in_w][in_c], w[out_c][kernel_h][kernel_w][in_c / groups], bias[out_c] or null for zeros,
 * y[batch][out_h][out_w][out_c]. groups divides in_c and out_c; output channel o reads the input channels of group
 * o / (out_c / groups). scratch has four windows: 4 * kernel_h * kernel_w * in_c / groups numbers. Positions outside the image add
 * 0 * w. A bound of +-FLT_MAX or beyond, here and below, does not limit anything.
 * With groups == 1, y may overlap x: outputs are written in order, those of a few positions after the windows of these have been
 * read, so y may begin as many bytes before x as keeps every output behind all windows that follow. */
void tmb_conv2d_f32(const float *x, const float *w, const float *bias, float *y, void *scratch,
                    const tmb_conv2d_f32_params *p);

/* 2-D depthwise convolution. As above with groups = in_c and out_c = in_c * m, but w[kernel_h][kernel_w][out_c]: output channel
 * o reads input channel o / m. Positions outside the image are left out.
 * y may overlap x: rows of outputs are written in order, at most four at a time while the rows that they need are read, so y may
 * begin as many bytes before x as keeps four rows of outputs behind all rows of x that they and later ones need. */
void tmb_depthwise_conv2d_f32(const float *x, const float *w, const float *bias, float *y, const tmb_conv2d_f32_params *p);

/* Fully connected layer. x[rows][depth], w[cols][depth], bias[cols] or null for zeros, y[rows][cols]. */
void tmb_fully_connected_f32(const float *x, const float *w, const float *bias, float *y,
                             const tmb_fully_connected_f32_params *p);

/* Batched matrix product. y is dense: [batch_dims...][rows][cols]. */
void tmb_matmul_f32(const float *a, const float *b, float *y, const tmb_matmul_f32_params *p);

/* ---- Convolution and matrix products, wide integers ---- */

/* As their float32 namesakes without bias and clamp, exact modulo 2^32 or 2^64: for ONNX's operators on integers. */
void tmb_conv2d_s32(const int32_t *x, const int32_t *w, int32_t *y, const tmb_conv2d_f32_params *p);
void tmb_matmul_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_matmul_f32_params *p);
void tmb_matmul_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_matmul_f32_params *p);

/* ---- Convolution and matrix products, int8 ---- */

/* 2-D convolution; shapes as for tmb_conv2d_f32, except that w is the stream of weights, biases and multipliers that tmb_layout.h
 * defines. kernel_h, kernel_w and groups are at least 1. Enough for the accumulator:
 * |bias| + 2^14 * kernel_h * kernel_w * in_c / groups < 2^31. scratch has tmb_conv2d_s8_scratch_bytes(p) bytes, aligned to 4.
 * With groups == 1, y may overlap x: outputs are written in order, those of a few positions after the windows of these have been
 * read, so y may begin as many bytes before x as keeps every output behind all windows that follow. */
void tmb_conv2d_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p);

/* The same with a tensor of the shape of y added to the result at once: the results of tmb_conv2d_s8 and then tmb_add_s8, bit for
 * bit. r may equal y: each of its elements is read before that of y is written. r may not share bytes with an x that y overlaps. */
void tmb_conv2d_add_s8(const int8_t *x, const int8_t *r, const int32_t *w, int8_t *y, void *scratch,
                       const tmb_conv2d_add_s8_params *p);

/* tmb_conv2d_s8 of an image in planes: x is [batch][in_c][in_h][in_w], `plane` elements from a channel to the next. kernel_w is 3,
 * dilation_w 1, stride_w 1 or 2. w is the stream that tmb_layout.h defines for planes, scratch has
 * tmb_conv2d_planes_s8_scratch_bytes(&p->conv) bytes, aligned to 4. y may overlap x as that of tmb_conv2d_s8. */
void tmb_conv2d_planes_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_planes_s8_params *p);

/* 2-D depthwise convolution; shapes as for tmb_depthwise_conv2d_f32, multiplier[out_c] with one shift for all. bias is
 * required, for it carries the zero point of x.
 * Enough for the accumulator: |bias| + 2^14 * kernel_h * kernel_w < 2^31. */
void tmb_depthwise_conv2d_s8(const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *multiplier, int8_t *y,
                             const tmb_conv2d_s8_params *p);

/* 2-D depthwise convolution with 3 by 3 taps next to each other; shapes as for tmb_depthwise_conv2d_s8 with out_c = in_c, but w is
 * the stream that tmb_layout.h defines. Both strides are 1 or both 2; out_h <= in_h, out_w <= in_w; pad_top and pad_left are at most
 * 2; shift is 0. scratch has tmb_depthwise3x3_s8_scratch_bytes(p) bytes, aligned to 4. With stride 1, y may equal x. With stride 2,
 * rows of outputs are written one after the other, a part of a row at a time before the other channels of its windows are read: y
 * may begin as many bytes before x as keeps every row behind the windows of its own outputs. */
void tmb_depthwise3x3_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p);

/* Fully connected layer; shapes as for tmb_fully_connected_f32, except that w is the stream of weights, biases and multipliers
 * that tmb_layout.h defines. y = clamp(tmb_requantize(bias[n] + sum x * w, multiplier[n], shift, out_zero_point), act_min, act_max).
 * Enough for the accumulator: |bias| + 2^14 * depth < 2^31. */
void tmb_fully_connected_s8(const int8_t *x, const int32_t *w, int8_t *y, const tmb_fully_connected_s8_params *p);

/* Batched matrix product of two activations; one multiplier for all. y is dense: [batch_dims...][rows][cols].
 * Enough for the accumulator: depth <= 32767. */
void tmb_matmul_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_matmul_s8_params *p);

/* ---- Convolution and matrix products, int16 activations and int8 weights ---- */

/* x and y have zero point 0, weights are symmetric, padding is 0. bias has units of scale of x times scale of its weights.
 * "requantized" is tmb_requantize with zero point 0 (tmb_requant.h): one rounding, ties toward plus infinity, then saturation to
 * act_min..act_max. The factor is off by 2^-33 at most, so y is within 1/2 + 1/4 units of the exact sum times the exact factor. */

/* ---- Elementwise functions of two tensors, with broadcasting ---- */

/* y may equal a if a_strides are dense, and b if b_strides are dense (comparisons write bytes behind wider reads, so this holds
 * for them as well). */

/* float32. min and max give NaN if either input is NaN. mod is fmodf: it has the sign of a. prelu is a < 0 ? a * b : a. */
void tmb_add_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_sub_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_mul_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_div_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_pow_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_min_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_max_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_mod_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void tmb_prelu_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);

/* int32. add, sub and mul wrap around. div rounds toward zero; by 0 it gives 0, and INT32_MIN / -1 wraps to INT32_MIN.
 * mod has the sign of b (ONNX Mod with fmod = 0, as in Python); by 0 it gives 0. */
void tmb_add_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_binary_params *p);
void tmb_sub_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_binary_params *p);
void tmb_mul_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_binary_params *p);
void tmb_div_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_binary_params *p);
void tmb_min_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_binary_params *p);
void tmb_max_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_binary_params *p);
void tmb_mod_s32(const int32_t *a, const int32_t *b, int32_t *y, const tmb_binary_params *p);

/* int64, as int32. */
void tmb_add_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_sub_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_mul_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_div_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_min_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_max_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_mod_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);

/* Bits of int64. Shifts treat both operands as unsigned; by 64 or more they give 0. */
void tmb_bit_and_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_bit_or_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_bit_xor_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_shift_left_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);
void tmb_shift_right_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);

/* a to the power of b, int64. Wraps around; with a negative b it is 1 / a^-b rounded toward zero, and 0 for a = 0. */
void tmb_pow_s64(const int64_t *a, const int64_t *b, int64_t *y, const tmb_binary_params *p);

/* float64. */
void tmb_add_f64(const double *a, const double *b, double *y, const tmb_binary_params *p);
void tmb_sub_f64(const double *a, const double *b, double *y, const tmb_binary_params *p);
void tmb_mul_f64(const double *a, const double *b, double *y, const tmb_binary_params *p);
void tmb_div_f64(const double *a, const double *b, double *y, const tmb_binary_params *p);

/* uint64; by 0 they give 0. */
void tmb_div_u64(const uint64_t *a, const uint64_t *b, uint64_t *y, const tmb_binary_params *p);
void tmb_mod_u64(const uint64_t *a, const uint64_t *b, uint64_t *y, const tmb_binary_params *p);

/* int8 addition and subtraction as tmb_add_s8_params has it. Every product, the offset and their sum in the order
 * a * a_multiplier + b * b_multiplier + offset must fit 32 bits; shift is 0 to 31 and rounds down. */
void tmb_add_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_add_s8_params *p);

/* int8 multiplication as tmb_mul_s8_params has it. */
void tmb_mul_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_mul_s8_params *p);

/* int8 division as tmb_div_s8_params has it; the compiler makes table[256]: table[b + 128] = 2^15 * factor / (b - zero point of b)
 * with factor = scale of a / (scale of b * scale of y), at most +-(2^23 - 1), which saturates y for every other a; dividing by 0
 * gives the largest of these. |y - a / b| is at most 1/2 + 2^-7 units of y. */
void tmb_div_s8(const int8_t *a, const int8_t *b, const int32_t *table, int8_t *y, const tmb_div_s8_params *p);

/* int8 minimum and maximum; a, b and y have one scale and zero point. */
void tmb_min_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_binary_params *p);
void tmb_max_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_binary_params *p);

/* Comparisons: y is 1 where they hold, else 0. Comparisons with NaN do not hold. */
void tmb_equal_f32(const float *a, const float *b, uint8_t *y, const tmb_binary_params *p);
void tmb_equal_s32(const int32_t *a, const int32_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_equal_s64(const int64_t *a, const int64_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_equal_u8(const uint8_t *a, const uint8_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_less_f32(const float *a, const float *b, uint8_t *y, const tmb_binary_params *p);
void tmb_less_s32(const int32_t *a, const int32_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_less_s64(const int64_t *a, const int64_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_less_equal_f32(const float *a, const float *b, uint8_t *y, const tmb_binary_params *p);
void tmb_less_equal_s32(const int32_t *a, const int32_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_less_equal_s64(const int64_t *a, const int64_t *b, uint8_t *y, const tmb_binary_params *p);

/* Logic on booleans: every value but 0 is true; y is 0 or 1. */
void tmb_and_u8(const uint8_t *a, const uint8_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_or_u8(const uint8_t *a, const uint8_t *b, uint8_t *y, const tmb_binary_params *p);
void tmb_xor_u8(const uint8_t *a, const uint8_t *b, uint8_t *y, const tmb_binary_params *p);

/* ---- Elementwise functions of one tensor ---- */

/* x[count], y[count]. y may equal x. */

/* max(x, 0) */
void tmb_relu_f32(const float *x, float *y, const tmb_unary_params *p);
/* x < 0 ? alpha * x : x */
void tmb_leaky_relu_f32(const float *x, float *y, const tmb_unary_params *p);
/* min(max(x, alpha), beta) */
void tmb_clamp_f32(const float *x, float *y, const tmb_unary_params *p);
/* 1 / (1 + exp(-x)) */
void tmb_sigmoid_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_tanh_f32(const float *x, float *y, const tmb_unary_params *p);
/* min(max(alpha * x + beta, 0), 1) */
void tmb_hard_sigmoid_f32(const float *x, float *y, const tmb_unary_params *p);
/* x * min(max(x / 6 + 1/2, 0), 1) */
void tmb_hard_swish_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_exp_f32(const float *x, float *y, const tmb_unary_params *p);
/* Natural logarithm; of 0 it is -infinity, of negative numbers NaN. */
void tmb_log_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_sqrt_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_erf_f32(const float *x, float *y, const tmb_unary_params *p);
/* x / 2 * (1 + erf(x / sqrt(2))) */
void tmb_gelu_f32(const float *x, float *y, const tmb_unary_params *p);
/* x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) */
void tmb_gelu_tanh_f32(const float *x, float *y, const tmb_unary_params *p);
/* x / (1 + exp(-x)); NaN for -infinity */
void tmb_silu_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_abs_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_neg_f32(const float *x, float *y, const tmb_unary_params *p);
/* 1 / x; infinity with the sign of x for zeros */
void tmb_reciprocal_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_floor_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_ceil_f32(const float *x, float *y, const tmb_unary_params *p);
/* To the nearest integer, halves to even. */
void tmb_round_f32(const float *x, float *y, const tmb_unary_params *p);
/* 1, -1, or x itself if it is a zero or NaN */
void tmb_sign_f32(const float *x, float *y, const tmb_unary_params *p);
/* x < 0 ? alpha * (exp(x) - 1) : x */
void tmb_elu_f32(const float *x, float *y, const tmb_unary_params *p);
/* log(1 + exp(x)) without overflow */
void tmb_softplus_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_sin_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_cos_f32(const float *x, float *y, const tmb_unary_params *p);

/* NaN outside -1..1 for asin, acos and (with infinities at the ends) atanh, below 1 for acosh. */
void tmb_asin_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_acos_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_atan_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_sinh_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_asinh_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_acosh_f32(const float *x, float *y, const tmb_unary_params *p);
void tmb_atanh_f32(const float *x, float *y, const tmb_unary_params *p);

/* int64 negation and absolute value; of INT64_MIN they are INT64_MIN. */
void tmb_neg_s64(const int64_t *x, int64_t *y, const tmb_unary_params *p);
void tmb_abs_s64(const int64_t *x, int64_t *y, const tmb_unary_params *p);

/* 1 for 0, else 0. */
void tmb_not_u8(const uint8_t *x, uint8_t *y, const tmb_unary_params *p);

/* Any function of an int8 tensor: y[i] = table[x[i] + 128], table[256]. */
void tmb_lookup_s8(const int8_t *x, const int8_t *table, int8_t *y, const tmb_count_params *p);

/* ---- Softmax and normalization ---- */

/* Along the middle of x, y[outer][depth][inner]. y may equal x. Computed from x - max(x), which cannot overflow. */
void tmb_softmax_f32(const float *x, float *y, const tmb_softmax_params *p);
void tmb_log_softmax_f32(const float *x, float *y, const tmb_softmax_params *p);

/* int8; y has scale 1/256 and zero point -128. The compiler makes table[256]: table[d] = round(2^16 * exp(-d * scale of x)), so
 * table[0] = 2^16, and none is larger. With d[i] = max(x) - x[i] and sum = sum of table[d[i]], exactly
 *   y[i] = min(floor(256 * table[d[i]] / sum + 1/2) - 128, 127).
 * depth <= 65535 keeps sum below 2^32. y may equal x. */
void tmb_softmax_s8(const int8_t *x, const uint32_t *table, int8_t *y, const tmb_softmax_params *p);

/* Scaled dot-product attention without a matrix of scores: y[queries][heads][value_depth] = softmax(q k^T * scale + mask) v, a few
 * rows of queries at a time. mask is not read without has_mask. Sums and functions are those of tmb_matmul_f32 and
 * tmb_softmax_f32, in their order. keys and shared are at least 1; shared divides heads. scratch has one row of scores: keys numbers. */
void tmb_attention_f32(const float *q, const float *k, const float *v, const float *mask, float *y, void *scratch,
                       const tmb_attention_f32_params *p);

/* int8, bit for bit what these kernels do one after the other: tmb_matmul_s8 (q k^T to scores of int8), tmb_lookup_s8 with
 * table[256] if has_table, tmb_add_s8 with the mask if has_mask, tmb_softmax_s8 with exponentials[256], tmb_matmul_s8 with v. table
 * and mask are not read without their flags. keys and shared are at least 1; shared divides heads. keys and depth <= 32767 are
 * enough for the accumulators. scratch has tmb_attention_s8_scratch_bytes(p) bytes, aligned to 4. */
void tmb_attention_s8(const int8_t *q, const int8_t *k, const int8_t *v, const int8_t *table, const int8_t *mask,
                      const uint32_t *exponentials, int8_t *y, void *scratch, const tmb_attention_s8_params *p);

/* Layer normalization. x, y[outer][depth], scale[depth], bias[depth] or null for zeros. The variance divides by depth and is
 * computed in a second pass. y may equal x. */
void tmb_layer_norm_f32(const float *x, const float *scale, const float *bias, float *y, const tmb_layer_norm_params *p);

/* Root-mean-square normalization: y = x / sqrt(mean(x^2) + epsilon) * scale + bias. The rest as above.
 * Zhang and Sennrich, "Root Mean Square Layer Normalization" (NeurIPS 2019). */
void tmb_rms_norm_f32(const float *x, const float *scale, const float *bias, float *y, const tmb_layer_norm_params *p);

/* Both in int8. x, y[outer][depth], gain[depth], bias[depth]. With c[i] = depth * x[i] - sum of x (or, not centered,
 * depth * (x[i] - in_zero_point)) and v = the sum of c^2 over depth, plus epsilon << epsilon_shift, exact in 64 bits,
 *   z[i] = c[i] / sqrt(v) in units of 2^-fraction, 0 for v = 0,
 *   y[i] = sat((z[i] * gain[i] + bias[i]) >> shift).
 * The inverse square root is found in integers (a bitwise root and one division a row) within 2^-14 of itself, z is rounded once.
 * The compiler makes gain = scale / (scale of y) in units of 2^-(shift - fraction) and bias = b / (scale of y) + zero point of y +
 * 1/2 in units of 2^-shift, so y differs from the real normalization by at most 1/2 + |y| * 2^-14 + gain * 2^-fraction units:
 * less than 0.6 as long as one standard deviation is fewer than 2^fraction / 20 units. depth is 1 to 32767, fraction at most 15,
 * |z * gain + bias| < 2^31. y may equal x. */
void tmb_norm_s8(const int8_t *x, const int16_t *gain, const int32_t *bias, int8_t *y, const tmb_norm_s8_params *p);

/* ---- Recurrent layers, int8 ---- */

/* One direction of a recurrent layer, all time steps; gates and activation functions (sigmoid, tanh) as ONNX's operators have them.
 * x[time][batch][input]; y[time][batch][hidden] and y_h[batch][hidden] have scale 1/128 and zero point 0; y_c[batch][hidden] has a
 * scale of its own. initial_h and initial_c [batch][hidden] are not read unless the record says so, and 0 then. With wide_states
 * these, y_h and y_c are int16_t: the kernel's own states, handed over without a rounding (aligned to 2 bytes); y_h (y_c)
 * may then equal initial_h (initial_c).
 *
 * Units are computed in blocks of four, sizes padded to multiples of four. w holds for each block and each gate four rows over the
 * input, then four rows over the state: blocks of four by four weights, rows one after the other, in each row the second and third
 * exchanged; a word has the four bytes of a row, the first in the lowest bits. input and hidden are at least 1. k holds for each
 * block and each gate, for its four units, bias, multiplier of the sum over the input, multiplier of that over the state. GRU: z, r,
 * n, and with the numbers of n a fourth, the bias of its recurrent part. LSTM: i, o, f, c. The argument of tanh is
 *   a = bias + tmb_requantize(sum of (x - in_zero_point) * w, multiplier, x_shift, 0) + tmb_requantize(sum of h * w, ..., 0, 0)
 * in units of 2^-12. tanh is a table of 129 entries from -4 to 4, linear in between, off by 2^-10 at most; sigmoid(a) is
 * (1 + tanh(a / 2)) / 2, so the constants of gates with a sigmoid give a / 2. Both have units of 2^-15. h is kept in 16 bits in
 * units of 2^-15, the cell c in units of 2^-11, saturating at 16. Against the float layer on the same numbers, a step errs by less than 2^-8, half an output's unit; what weights and inputs
 * lose is not in this.
 * Enough for the accumulators: for every row, 2^15 * sum of |w| over the state < 2^31, and 255 * sum of |w| over the input, shifted
 * by x_shift, < 2^31.
 * scratch: 2 * (input + 4 * hidden) bytes, sizes padded. */
void tmb_gru_s8(const int8_t *x, const int32_t *w, const int32_t *k, const void *initial_h, int8_t *y, void *y_h, void *scratch,
                const tmb_recurrent_s8_params *p);
void tmb_lstm_s8(const int8_t *x, const int32_t *w, const int32_t *k, const void *initial_h, const void *initial_c, int8_t *y,
                 void *y_h, void *y_c, void *scratch, const tmb_recurrent_s8_params *p);
/* ---- Recurrent layers ---- */

/* x[time][batch][input]; gate g of the weights is rows [g * hidden, (g + 1) * hidden) of w[gates * hidden][input] and
 * r[gates * hidden][hidden]. initial_h, initial_c, y_h, y_c[batch][hidden]; y_h (y_c) may equal initial_h (initial_c), and the
 * state lives there while the kernel runs. lengths[batch] are the steps of each sequence, clamped to 0..time; steps behind give 0
 * in y[time][batch][hidden]. The equations are those of ONNX's operators of the same names. The plain kernels have sigmoid for the
 * gates and tanh for states, the custom ones any functions. */

/* h = f(W x + R h + bias). bias[hidden]; scratch of hidden floats. */
void tmb_rnn_f32(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                 const int32_t *lengths, float *y, float *y_h, void *scratch, const tmb_recurrent_params *p);
void tmb_rnn_custom_f32(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                        const int32_t *lengths, float *y, float *y_h, void *scratch, const tmb_recurrent_params *p);

/* Gates z, r, h; bias[4 * hidden] of z, of r, of the input part of h, of the recurrent part of h. With linear_before_reset the
 * reset gate multiplies R h + bias instead of h. scratch of 4 * hidden floats. */
void tmb_gru_f32(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                 const int32_t *lengths, float *y, float *y_h, void *scratch, const tmb_recurrent_params *p);
void tmb_gru_custom_f32(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                        const int32_t *lengths, float *y, float *y_h, void *scratch, const tmb_recurrent_params *p);

/* Gates i, o, f, c; bias[4 * hidden], peepholes[3 * hidden] of i, o, f. input_forget makes f = 1 - i. scratch of 4 * hidden
 * floats. */
void tmb_lstm_f32(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                  const float *initial_c, const float *peepholes, const int32_t *lengths, float *y, float *y_h, float *y_c,
                  void *scratch, const tmb_recurrent_params *p);
void tmb_lstm_custom_f32(const float *x, const float *w, const float *r, const float *bias, const float *initial_h,
                         const float *initial_c, const float *peepholes, const int32_t *lengths, float *y, float *y_h,
                         float *y_c, void *scratch, const tmb_recurrent_params *p);

/* ---- Classical machine learning ---- */

/* Decision trees. x[rows][features], y[rows][targets], leaves[..][width], thresholds[..]. nodes[n][4]: feature, index of the
 * threshold, child if the feature's key is at most the threshold, child otherwise. The highest bit of the feature says that NaN
 * goes to the first child; otherwise it goes to the second. trees[..][2]: root, and the first target of its leaves. A root or
 * child with its highest bit set is a leaf, by its other bits a row of leaves; any other is a node, and a child has a smaller
 * number than the nodes that lead to it. Sums add in the order of the trees; NaN leaves are for sums only. */
void tmb_tree_ensemble_u16(const float *x, const uint16_t *nodes, const int32_t *thresholds, const uint16_t *trees,
                           const float *leaves, float *y, const tmb_tree_ensemble_params *p);
void tmb_tree_ensemble_u32(const float *x, const uint32_t *nodes, const int32_t *thresholds, const uint32_t *trees,
                           const float *leaves, float *y, const tmb_tree_ensemble_params *p);

/* y[i][j] = sum over d of (x[i][d] - v[j][d])^2. x[rows][depth], v[cols][depth], y[rows][cols]. */
void tmb_squared_distance_f32(const float *x, const float *v, float *y, const tmb_squared_distance_params *p);

/* pairs[rows][classes * (classes - 1) / 2] holds the probability of class i against class j, inside 0..1, in the order (0,1), (0,2),
 * ..., (1,2), ...; y[rows][classes] the probabilities of the classes that fit them best (Wu, Lin, Weng: "Probability estimates for
 * multi-class classification by pairwise coupling", 2004, second method), from equal ones on and until the error is below
 * 0.005 / classes or for 100 rounds, as LIBSVM does. scratch of classes * (classes + 1) floats. */
void tmb_pair_coupling_f32(const float *pairs, float *y, void *scratch, const tmb_pair_coupling_params *p);

/* ---- Pooling ---- */

/* x[batch][in_h][in_w][channels], y[batch][out_h][out_w][channels]. Positions outside the image do not take part in a maximum;
 * a window with no position inside has the maximum -infinity (float32) or -128 (int8). */
void tmb_max_pool2d_f32(const float *x, float *y, const tmb_pool2d_params *p);
void tmb_max_pool2d_s8(const int8_t *x, int8_t *y, const tmb_pool2d_params *p);

/* The sum over the positions inside, divided by the count that tmb_pool2d_params defines; 0 if that is 0. */
void tmb_average_pool2d_f32(const float *x, float *y, const tmb_pool2d_params *p);

/* y = floor((sum of x inside + (count - positions inside) * zero_point) / count + 1/2), or zero_point if count is 0.
 * A window has fewer than 2^23 positions. */
void tmb_average_pool2d_s8(const int8_t *x, int8_t *y, const tmb_pool2d_params *p);

/* Maxima of up to three dimensions and, in the whole of x, the position of each: the first of equal ones. A window with no position
 * inside has the maximum -infinity at the first position of its image. */
void tmb_max_pool_indices_f32(const float *x, float *y, int64_t *indices, const tmb_max_pool_indices_params *p);

/* ---- Sampling ---- */

/* x[batch][channels][in_dims...], grid[batch][out_count][rank], y[batch][channels][out_count]. Nearest rounds halves to even; cubic
 * is Keys' convolution with -3/4. Coordinates beyond +-1e9 elements and NaN are taken as -1e9. As ONNX's GridSample. */
void tmb_grid_sample_f32(const float *x, const float *grid, float *y, const tmb_grid_sample_params *p);

/* x[batch][channels][in_h][in_w], rois[regions][4] of x1, y1, x2, y2, y[regions][channels][out_h][out_w]. Bins average bilinear
 * samples; samples farther than one element outside are 0. The maximum is that of the weighted neighbours of all samples, which is
 * how ONNX's reference and ONNX Runtime have it. Indices of images are clamped. */
void tmb_roi_align_f32(const float *x, const float *rois, const int64_t *batches, float *y, const tmb_roi_params *p);

/* rois[regions][5] of image, x1, y1, x2, y2, rounded after scaling, halves away from zero; both corners belong to the region. Bins
 * that are empty are 0. */
void tmb_max_roi_pool_f32(const float *x, const float *rois, float *y, const tmb_roi_params *p);

/* x[batch][in_c][in_h][in_w], w[out_c][in_c / groups][kernel_h][kernel_w],
 * offset[batch][offset_groups][kernel_h * kernel_w][2][out_h][out_w] (y, then x), bias[out_c],
 * mask[batch][offset_groups][kernel_h * kernel_w][out_h][out_w], y[batch][out_c][out_h][out_w]. Taps are read bilinearly; outside are
 * zeros. */
void tmb_deform_conv2d_f32(const float *x, const float *w, const float *offset, const float *bias, const float *mask, float *y,
                           const tmb_deform_conv2d_params *p);

/* ---- Reductions ---- */

/* float32. Without elements: 0 for sums and norms, 1 for prod, -infinity for max, infinity for min, NaN for mean. */
void tmb_reduce_sum_f32(const float *x, float *y, const tmb_reduce_params *p);
void tmb_reduce_mean_f32(const float *x, float *y, const tmb_reduce_params *p);
void tmb_reduce_max_f32(const float *x, float *y, const tmb_reduce_params *p);
void tmb_reduce_min_f32(const float *x, float *y, const tmb_reduce_params *p);
void tmb_reduce_prod_f32(const float *x, float *y, const tmb_reduce_params *p);
void tmb_reduce_l1_f32(const float *x, float *y, const tmb_reduce_params *p);
void tmb_reduce_l2_f32(const float *x, float *y, const tmb_reduce_params *p);
void tmb_reduce_sum_square_f32(const float *x, float *y, const tmb_reduce_params *p);

/* int32 and int64. sum and prod wrap around. Without elements: 0 for sum, 1 for prod, the type's least value for max, its
 * greatest for min. */
void tmb_reduce_sum_s32(const int32_t *x, int32_t *y, const tmb_reduce_params *p);
void tmb_reduce_max_s32(const int32_t *x, int32_t *y, const tmb_reduce_params *p);
void tmb_reduce_min_s32(const int32_t *x, int32_t *y, const tmb_reduce_params *p);
void tmb_reduce_prod_s32(const int32_t *x, int32_t *y, const tmb_reduce_params *p);
void tmb_reduce_sum_s64(const int64_t *x, int64_t *y, const tmb_reduce_params *p);
void tmb_reduce_max_s64(const int64_t *x, int64_t *y, const tmb_reduce_params *p);
void tmb_reduce_min_s64(const int64_t *x, int64_t *y, const tmb_reduce_params *p);
void tmb_reduce_prod_s64(const int64_t *x, int64_t *y, const tmb_reduce_params *p);

/* int8: the maximum keeps scale and zero point (-128 without elements); the mean is requantized as tmb_mean_s8_params has it
 * and reduces fewer than 2^23 elements to one. */
void tmb_reduce_max_s8(const int8_t *x, int8_t *y, const tmb_reduce_params *p);
void tmb_mean_s8(const int8_t *x, int8_t *y, const tmb_mean_s8_params *p);

/* Index along the middle of x[outer][depth][inner], y[outer][inner]; depth is at least 1. With NaNs, some index within depth.
 */
void tmb_arg_max_f32(const float *x, int64_t *y, const tmb_arg_params *p);
void tmb_arg_min_f32(const float *x, int64_t *y, const tmb_arg_params *p);
void tmb_arg_max_s8(const int8_t *x, int64_t *y, const tmb_arg_params *p);
void tmb_arg_max_s16(const int16_t *x, int64_t *y, const tmb_arg_params *p);

/* ---- Data movement ---- */

/* Strided copy of elements of 1, 2, 4 or 8 bytes. Strides may be negative (reversal) or, in x, 0 (broadcasting); elements of y
 * outside the box stay. */
void tmb_copy_nd(const void *x, void *y, const tmb_copy_params *p);

/* Transposes a matrix; y may be x. scratch holds a tile and a bit for each row of each tile, that is
 * rows * block * element_bytes + (rows * (cols / block) + 7) / 8 bytes. */
void tmb_transpose(const void *x, void *y, void *scratch, const tmb_transpose_params *p);

/* y[i] = x[i] for `count` bytes. */
void tmb_copy_bytes(const void *x, void *y, const tmb_count_params *p);

/* The same, the first byte first: y may begin before x in the same memory, by any distance, as where a window moves on. */
void tmb_move_down(const void *x, void *y, const tmb_count_params *p);

/* The same from external memory, by tmb_external_read: constants that a model fetches before use (--weights-in external-copied). */
void tmb_fetch(const void *x, void *y, const tmb_count_params *p);

/* Reads external memory, which need not be mapped: `from` is the address that the linker gave, `bytes` > 0, and the bytes must be
 * at `to` when it returns. In tmb_fetch.c is a weak one that copies; define your own, without weak, for a serial flash or DMA. */
void tmb_external_read(void *to, const void *from, int32_t bytes);

/* Moves bytes toward the start of the same memory, which keeps the rows that a streamed part still needs next to its new ones. */
void tmb_slide(void *x, const tmb_slide_params *p);

/* Padding and cropping of elements of 1, 2, 4 or 8 bytes. value points to the constant and may be null in the other modes, for
 * which no dimension of x is 0. reflect does not repeat the border; pads larger than x repeat the pattern. */
void tmb_pad(const void *x, const void *value, void *y, const tmb_pad_params *p);

/* Gathers slices: x[outer][axis_size][inner_bytes], indices[index_count] of index_bytes each,
 * y[outer][index_count][inner_bytes]. axis_size is at least 1. */
void tmb_gather(const void *x, const void *indices, void *y, const tmb_gather_params *p);

/* Choice between elements of 1, 2, 4 or 8 bytes; every condition but 0 is true. y may equal a (or b) if its strides are dense.
 */
void tmb_select(const uint8_t *condition, const void *a, const void *b, void *y, const tmb_select_params *p);

/* float32 to floats of 8 and 16 bits and back; one of the types is TMB_F32. Rounds to nearest, halves to even; what is too large
 * becomes infinity, or NaN where the type has none. y may not equal x. */
void tmb_cast_small_float(const void *x, void *y, const tmb_cast_params *p);

/* Element type conversion. 16-bit and 8-bit floats are not among the types. Integer to integer wraps around; integer to float rounds to nearest; float to integer truncates
 * toward zero and saturates, NaN to 0; to boolean is 1 for all but zeros. y may not equal x. */
void tmb_cast(const void *x, void *y, const tmb_cast_params *p);

/* ---- Indices: reading, writing, finding, ordering ---- */

/* Negative indices count from the end. Gathering clamps an index that is out of range, scattering leaves its update out. */

/* Single elements of 1, 2, 4 or 8 bytes; y is dense over dims. axis_size is at least 1 unless there are no indices. */
void tmb_gather_elements(const void *x, const int64_t *indices, void *y, const tmb_gather_elements_params *p);

/* Slices: indices[batches][tuples][width], y[batches][tuples][slice_bytes]. No size is 0 unless there are no tuples. */
void tmb_gather_nd(const void *x, const int64_t *indices, void *y, const tmb_gather_nd_params *p);

/* y is x with updates, which are taken in order; indices and updates are dense over dims. y may equal x. Integer sums and products
 * wrap around; min and max give NaN if either is NaN. */
void tmb_scatter_elements(const void *x, const int64_t *indices, const void *updates, void *y,
                          const tmb_scatter_elements_params *p);

/* The same for slices: indices[tuples][width], updates[tuples][slice]. y may equal x. */
void tmb_scatter_nd(const void *x, const int64_t *indices, const void *updates, void *y, const tmb_scatter_nd_params *p);

/* The k best elements, best first, and their positions: y, indices[outer][k][inner]. Of equal elements the lower position comes
 * first; NaN is better than all numbers. Insertion: depth * k steps at worst. */
void tmb_top_k_f32(const float *x, float *y, int64_t *indices, const tmb_top_k_params *p);
void tmb_top_k_s32(const int32_t *x, int32_t *y, int64_t *indices, const tmb_top_k_params *p);
void tmb_top_k_s64(const int64_t *x, int64_t *y, int64_t *indices, const tmb_top_k_params *p);

/* y[rank][n], n elements of x: the first *size columns are the coordinates of the elements that are not 0, in row-major order, the
 * others 0. */
void tmb_non_zero(const uint8_t *x, int64_t *y, int64_t *size, const tmb_non_zero_params *p);

/* first, inverse, counts[depth]: where each of the *size kinds of slices appears first, the kind of each slice, and how many there
 * are of each kind; 0 past *size. Kinds are in order of appearance, or sorted by their slices lexicographically. A slice with a NaN
 * is a kind of its own. depth squared comparisons at worst. */
void tmb_unique_f32(const float *x, int64_t *first, int64_t *inverse, int64_t *counts, int64_t *size, const tmb_unique_params *p);
void tmb_unique_s32(const int32_t *x, int64_t *first, int64_t *inverse, int64_t *counts, int64_t *size,
                    const tmb_unique_params *p);
void tmb_unique_s64(const int64_t *x, int64_t *first, int64_t *inverse, int64_t *counts, int64_t *size,
                    const tmb_unique_params *p);

/* For each batch and class: boxes with scores above *threshold in order of falling scores (equal ones by position), without those
 * whose intersection over union with one taken before is above *iou, at most *limit. y[capacity][3] has batch, class and box of the
 * first *size, then zeros. Boxes without area cover nothing. */
void tmb_non_max_suppression_f32(const float *boxes, const float *scores, const int64_t *limit, const float *iou,
                                 const float *threshold, int64_t *y, int64_t *size, const tmb_non_max_suppression_params *p);

/* The first lengths[b] slices of sequence b (at most `time`) in reverse, the others as they are. */
void tmb_reverse_sequence(const void *x, const int64_t *lengths, void *y, const tmb_reverse_sequence_params *p);

/* ---- Signals and matrices ---- */

/* Sums of the elements up to each one (without it: exclusive; from the end: reverse) along dimension *axis, which is clamped to the
 * rank; negative ones count from the end. Integers wrap around. */
void tmb_cumsum_f32(const float *x, const int64_t *axis, float *y, const tmb_cumsum_params *p);
void tmb_cumsum_s32(const int32_t *x, const int64_t *axis, int32_t *y, const tmb_cumsum_params *p);
void tmb_cumsum_s64(const int64_t *x, const int64_t *axis, int64_t *y, const tmb_cumsum_params *p);

/* Determinants by Gaussian elimination with row pivoting. scratch has one matrix. */
void tmb_det_f32(const float *x, float *y, void *scratch, const tmb_det_params *p);

/* y[k] = sum over n of x[n] * exp(-2 pi i k n / size), with `inverse` +2 pi and divided by size. twiddles[size][2] holds
 * cos(2 pi k / size) and -sin(2 pi k / size). Powers of two are transformed in place of scratch[size][2] (Cooley and Tukey), other
 * sizes by the sum itself; scratch has 8 * size bytes in any case. */
void tmb_dft_f32(const float *x, const float *twiddles, float *y, void *scratch, const tmb_dft_params *p);

/* How often n-gram g, grams[g] = {length, first element in pool, column of y}, occurs in each row of x[rows][cols]: its elements
 * stand step positions apart, step = 1 ... max_skip + 1 (only 1 for a length of 1). */
void tmb_count_ngrams(const int64_t *x, const int64_t *pool, const int32_t *grams, float *y, const tmb_ngrams_params *p);

/* ---- Quantization ---- */

/* float32 to int8: y = sat(round(x * scale) + zero_point), halves to even, the product rounded to float32; NaN gives
 * zero_point. scale is the reciprocal of the tensor's scale. y may equal x. */
void tmb_quantize_f32_s8(const float *x, int8_t *y, const tmb_quantize_params *p);

/* int8 to float32: y = (x - zero_point) * scale. */
void tmb_dequantize_s8_f32(const int8_t *x, float *y, const tmb_quantize_params *p);

/* int8 to int8 with another scale. y may equal x. */
void tmb_requantize_s8(const int8_t *x, int8_t *y, const tmb_requantize_params *p);

#ifdef __cplusplus
}
#endif

#include "thimble/tmb_kernels_s16.h"

#endif
