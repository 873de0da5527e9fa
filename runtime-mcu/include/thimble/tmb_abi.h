/* SPDX-License-Identifier: MIT */
/* The parameter records of Thimble's kernels: the one contract that generated C, kernels and compiler share. */
#ifndef THIMBLE_TMB_ABI_H
#define THIMBLE_TMB_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Conventions
 * - Tensors are dense and row-major; images are NHWC (batch, height, width, channels).
 * - Convolution weights are OHWI: [out_c][kernel_h][kernel_w][in_c / groups]. Depthwise weights are [kernel_h][kernel_w][out_c].
 * - Every argument list is: inputs, constants, outputs, scratch (if the kernel has any), parameters.
 * - Kernels never allocate, keep no state, and touch only the memory that they are given.
 * - Fields hold plain numbers, never pointers, so that a record is a constant in flash.
 * - Strides are in elements unless the name says bytes; a stride of 0 repeats one element (broadcasting). */

/* Highest rank of a tensor that the N-dimensional kernels walk. The compiler merges dimensions before it counts. */
#define TMB_MAX_RANK 8

/* Element types, for the kernels that convert between them. */
typedef enum tmb_type {
  TMB_F32 = 0,
  TMB_S8 = 1,
  TMB_U8 = 2,
  TMB_S16 = 3,
  TMB_U16 = 4,
  TMB_S32 = 5,
  TMB_U32 = 6,
  TMB_S64 = 7,
  TMB_U64 = 8,
  TMB_BOOL = 9, /* one byte, 0 or 1 */
  TMB_F64 = 10
} tmb_type;

/* 2-D convolution and depthwise convolution, float32. y = clamp(bias + sum x * w, act_min, act_max).
 * Input positions outside the image count as 0. pad_bottom and pad_right follow from the output size. */
typedef struct tmb_conv2d_f32_params {
  int32_t batch;
  int32_t in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left;
  int32_t groups;
  float act_min, act_max;
} tmb_conv2d_f32_params;

/* 2-D convolution and depthwise convolution, int8. The zero point of the input is folded into the bias at compile time
 * (bias[o] = b[o] - in_zero_point * sum w[o]), so positions outside the image must read as in_zero_point:
 * y = sat(tmb_requantize(bias[o] + sum x * w, multiplier[o], shift, out_zero_point), act_min, act_max). */
typedef struct tmb_conv2d_s8_params {
  int32_t batch;
  int32_t in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left;
  int32_t groups;
  int32_t in_zero_point, out_zero_point;
  int32_t shift;
  int32_t act_min, act_max;
} tmb_conv2d_s8_params;

/* Fully connected layer: y[m][n] = clamp(bias[n] + sum_k x[m][k] * w[n][k]). Weights are [n][k]. */
typedef struct tmb_fully_connected_f32_params {
  int32_t rows, depth, cols;
  float act_min, act_max;
} tmb_fully_connected_f32_params;

/* As above in int8, zero point of x folded into bias as for convolutions. */
typedef struct tmb_fully_connected_s8_params {
  int32_t rows, depth, cols;
  int32_t out_zero_point;
  int32_t shift;
  int32_t act_min, act_max;
} tmb_fully_connected_s8_params;

/* Batched matrix product of two activations: y[b][m][n] = sum_k A(m,k) * B(k,n).
 * batch_count output matrices; a_batch[i] / b_batch[i] describe the batch dimensions as a broadcast walk:
 * batch index -> (i0, i1, ...) over batch_dims, and matrix offset = sum i_d * a_batch_strides[d].
 * A(m,k) = a[m * a_row_stride + k * a_col_stride], likewise B(k,n); transposition is a choice of strides. */
typedef struct tmb_matmul_f32_params {
  int32_t batch_rank;
  int32_t batch_dims[TMB_MAX_RANK];
  int32_t a_batch_strides[TMB_MAX_RANK];
  int32_t b_batch_strides[TMB_MAX_RANK];
  int32_t rows, depth, cols;
  int32_t a_row_stride, a_col_stride;
  int32_t b_row_stride, b_col_stride;
} tmb_matmul_f32_params;

/* As above in int8: acc = sum (a - a_zero_point) * (b - b_zero_point), y = sat(tmb_requantize(acc, multiplier, ...)). */
typedef struct tmb_matmul_s8_params {
  int32_t batch_rank;
  int32_t batch_dims[TMB_MAX_RANK];
  int32_t a_batch_strides[TMB_MAX_RANK];
  int32_t b_batch_strides[TMB_MAX_RANK];
  int32_t rows, depth, cols;
  int32_t a_row_stride, a_col_stride;
  int32_t b_row_stride, b_col_stride;
  int32_t a_zero_point, b_zero_point, out_zero_point;
  int32_t multiplier, shift;
} tmb_matmul_s8_params;

/* Elementwise functions of one tensor. alpha and beta are the parameters of the function, 0 where it has none. */
typedef struct tmb_unary_params {
  int32_t count;
  float alpha, beta;
} tmb_unary_params;

/* Elementwise functions of two tensors with broadcasting: y is dense over dims, a and b are walked with strides. */
typedef struct tmb_binary_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
} tmb_binary_params;

/* int8 addition and subtraction: y = sat((a * a_multiplier + b * b_multiplier + offset) >> shift).
 * Multipliers are within +-32767, or within +-2^20 where sums must round as ONNX Runtime's do (faster versions of the kernel want
 * 16 bits), and offset carries zero points and rounding:
 * offset = (out_zero_point << shift) + (1 << (shift - 1)) - a_zero_point * a_multiplier - b_zero_point * b_multiplier. */
typedef struct tmb_add_s8_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
  int32_t a_multiplier, b_multiplier;
  int32_t offset;
  int32_t shift;
  int32_t act_min, act_max;
} tmb_add_s8_params;

/* int8 multiplication: y = sat(tmb_requantize((a - a_zero_point) * (b - b_zero_point), multiplier, shift, out_zero_point)). */
typedef struct tmb_mul_s8_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
  int32_t a_zero_point, b_zero_point, out_zero_point;
  int32_t multiplier, shift;
  int32_t act_min, act_max;
} tmb_mul_s8_params;

/* int8 division: y = sat(((a - a_zero_point) * table[b + 128] + (out_zero_point << 15) + 2^14) >> 15). */
typedef struct tmb_div_s8_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
  int32_t a_zero_point, out_zero_point;
  int32_t act_min, act_max;
} tmb_div_s8_params;

/* y = condition ? a : b with broadcasting; condition is one byte an element. */
typedef struct tmb_select_params {
  int32_t rank;
  int32_t element_bytes;
  int32_t dims[TMB_MAX_RANK];
  int32_t c_strides[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
} tmb_select_params;

/* Softmax along the middle of [outer][depth][inner]. */
typedef struct tmb_softmax_params {
  int32_t outer, depth, inner;
} tmb_softmax_params;

/* 2-D pooling, NHWC. count_include_pad: 0 divides an average by the positions inside the image; 1 divides by the positions
 * inside the padded image, whose bottom and right padding are pad_bottom and pad_right (a window that ceil_mode pushes past them
 * does not count what lies beyond). int8 pooling keeps scale and zero point; averages round half up, and padding that counts reads
 * as zero_point, which the other pools ignore. */
typedef struct tmb_pool2d_params {
  int32_t batch;
  int32_t in_h, in_w, channels;
  int32_t out_h, out_w;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left, pad_bottom, pad_right;
  int32_t count_include_pad;
  int32_t zero_point;
} tmb_pool2d_params;

/* Reductions: y is dense over kept_dims; each element reduces the positions reduced_dims of x. */
typedef struct tmb_reduce_params {
  int32_t kept_rank, reduced_rank;
  int32_t kept_dims[TMB_MAX_RANK];
  int32_t kept_strides[TMB_MAX_RANK];
  int32_t reduced_dims[TMB_MAX_RANK];
  int32_t reduced_strides[TMB_MAX_RANK];
} tmb_reduce_params;

/* int8 mean or sum: y = sat(tmb_requantize_even(bias + sum x, multiplier, shift, out_zero_point)); bias = -count * in_zero_point. */
typedef struct tmb_mean_s8_params {
  int32_t kept_rank, reduced_rank;
  int32_t kept_dims[TMB_MAX_RANK];
  int32_t kept_strides[TMB_MAX_RANK];
  int32_t reduced_dims[TMB_MAX_RANK];
  int32_t reduced_strides[TMB_MAX_RANK];
  int32_t bias;
  int32_t multiplier, shift;
  int32_t out_zero_point;
} tmb_mean_s8_params;

/* Index of the largest (or smallest) element along the middle of [outer][depth][inner]; 64-bit results as ONNX has them. */
typedef struct tmb_arg_params {
  int32_t outer, depth, inner;
  int32_t select_last; /* 1: the last of equal elements, 0: the first */
} tmb_arg_params;

/* y = (x - mean) / sqrt(variance + epsilon) * scale + bias over the last `depth` elements of each of `outer` rows. */
typedef struct tmb_layer_norm_params {
  int32_t outer, depth;
  float epsilon;
} tmb_layer_norm_params;

/* int8 normalization of each of `outer` rows of `depth` elements: tmb_norm_s8 has the formula. */
typedef struct tmb_norm_s8_params {
  int32_t outer, depth;
  int32_t centered; /* 1: layer normalization, 0: root-mean-square normalization */
  int32_t in_zero_point;
  int32_t epsilon, epsilon_shift; /* epsilon * depth^2 / (scale of x)^2, as epsilon << epsilon_shift */
  int32_t fraction;               /* bits of a normalized element behind the point */
  int32_t shift;
} tmb_norm_s8_params;

/* Recurrent layers in int8: tmb_gru_s8 and tmb_lstm_s8 have the formulas. x is [time][batch][input]. */
typedef struct tmb_recurrent_s8_params {
  int32_t time, batch, input, hidden;
  int32_t in_zero_point;
  int32_t x_shift; /* of the multipliers of sums over the input */
  int32_t reverse; /* 1: from the last time step to the first; y stays in the order of x */
  int32_t last_only; /* 1: y is not written */
  int32_t linear_before_reset;
  int32_t has_initial_h, h_zero_point, h_multiplier, h_start_shift; /* from int8 to units of 2^-15 */
  int32_t has_initial_c, c_zero_point, c_multiplier, c_start_shift; /* from int8 to units of 2^-11 */
  int32_t c_out_zero_point, c_out_multiplier, c_out_shift;          /* from units of 2^-11 to int8 */
} tmb_recurrent_s8_params;

/* Strided copy: transposes, slices, broadcasts, and the pieces of concatenations. Offsets and strides are in elements. */
typedef struct tmb_copy_params {
  int32_t rank;
  int32_t element_bytes;
  int32_t dims[TMB_MAX_RANK];
  int32_t x_strides[TMB_MAX_RANK];
  int32_t y_strides[TMB_MAX_RANK];
  int32_t x_offset, y_offset;
} tmb_copy_params;

/* y[c][r] = x[r][c]. Works on tiles of `block` columns, a divisor of cols. element_bytes is 1, 2, 4 or 8. */
typedef struct tmb_transpose_params {
  int32_t rows, cols;
  int32_t block;
  int32_t element_bytes;
} tmb_transpose_params;

/* Padding modes of tmb_pad. */
#define TMB_PAD_CONSTANT 0
#define TMB_PAD_REFLECT 1
#define TMB_PAD_EDGE 2
#define TMB_PAD_WRAP 3

/* Padding of every dimension: y[i] = x[i - before] inside x, else by mode. The constant is a one-element tensor operand. */
typedef struct tmb_pad_params {
  int32_t rank;
  int32_t element_bytes;
  int32_t mode;
  int32_t in_dims[TMB_MAX_RANK];
  int32_t out_dims[TMB_MAX_RANK];
  int32_t before[TMB_MAX_RANK]; /* negative values crop */
} tmb_pad_params;

/* y[o][i][:] = x[o][indices[i]][:], negative indices count from the end. An index out of range is clamped into it. */
typedef struct tmb_gather_params {
  int32_t outer, axis_size, index_count, inner_bytes;
  int32_t index_bytes; /* 4 or 8 */
} tmb_gather_params;

/* Element type conversion; types are values of tmb_type. float to integer truncates toward zero and saturates. */
typedef struct tmb_cast_params {
  int32_t count;
  int32_t from, to;
} tmb_cast_params;

/* float32 to int8 and back: q = sat(round_half_up(x * inv_scale) + zero_point), x = (q - zero_point) * scale. */
typedef struct tmb_quantize_params {
  int32_t count;
  float scale; /* tmb_quantize_f32_s8 multiplies by it: the reciprocal of the tensor's scale */
  int32_t zero_point;
} tmb_quantize_params;

/* int8 to int8 with another scale: y = sat(tmb_requantize(x - in_zero_point, multiplier, shift, out_zero_point)). */
typedef struct tmb_requantize_params {
  int32_t count;
  int32_t in_zero_point, out_zero_point;
  int32_t multiplier, shift;
} tmb_requantize_params;

/* Plain copy or table lookup of `count` elements (bytes for tmb_copy_bytes). */
typedef struct tmb_count_params {
  int32_t count;
} tmb_count_params;

/* Moves `bytes` bytes down by `distance` in the same memory: x[i] = x[i + distance]. */
typedef struct tmb_slide_params {
  int32_t bytes;
  int32_t distance;
} tmb_slide_params;

#ifdef __cplusplus
}
#endif

#endif
