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
 * - Strides are in elements unless the name says bytes; a stride of 0 repeats one element (broadcasting).
 * - int16 activations are symmetric: their zero points are 0. The int16 kernels take the int8 records where these fit and ignore
 *   the zero points in them; act_min and act_max are then within -32768..32767. */

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
  TMB_F64 = 10,
  TMB_F16 = 11,         /* IEEE 754 binary16, as its bits in a uint16_t */
  TMB_BF16 = 12,        /* the upper half of a float32, as a uint16_t */
  TMB_F8E4M3FN = 13,    /* 8-bit floats as in ONNX: without infinities, */
  TMB_F8E4M3FNUZ = 14,  /* also without -0, */
  TMB_F8E5M2 = 15,      /* as IEEE 754, */
  TMB_F8E5M2FNUZ = 16,  /* without infinities and -0 */
  TMB_S4 = 17,          /* 4-bit integers, one a byte */
  TMB_U4 = 18
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
 * y = sat(tmb_requantize(bias[o] + sum x * w, multiplier[o], shift, out_zero_point), act_min, act_max).
 * blocks says how many times four output positions tmb_conv2d_s8 may take together (0 is as 1): kernels that profit take fewer
 * instructions for more scratch, and the results are the same. For tmb_depthwise3x3_s8 see tmb_layout.h; other kernels ignore it. */
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
  int32_t blocks;
} tmb_conv2d_s8_params;

/* The same with a tensor of the shape of the result, the residual r, added to it: c is what tmb_conv2d_s8 gives, and
 * y = sat((c * c_multiplier + r * r_multiplier + sum_offset) >> TMB_CONV2D_ADD_S8_SHIFT, sum_min, sum_max), as tmb_add_s8_params has
 * it for this shift. No such sum leaves 32 bits. */
#define TMB_CONV2D_ADD_S8_SHIFT 20
typedef struct tmb_conv2d_add_s8_params {
  tmb_conv2d_s8_params conv;
  int32_t c_multiplier, r_multiplier;
  int32_t sum_offset;
  int32_t sum_min, sum_max;
} tmb_conv2d_add_s8_params;

/* tmb_conv2d_s8_params for an image in planes, NCHW: `plane` elements from one channel to the next, in_h * in_w where all rows are there.
 * groups and dilation_w are 1, kernel_w is 3, stride_w 1 or 2. */
typedef struct tmb_conv2d_planes_s8_params {
  tmb_conv2d_s8_params conv;
  int32_t plane;
} tmb_conv2d_planes_s8_params;

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

/* Scaled dot-product attention. Query head h reads head h / shared of keys and values. Element i of row r of head h of the queries
 * is q[q_offset + h * q_head_stride + r * q_row_stride + i], likewise of keys and values: all three may be parts of one tensor. The
 * mask, if there is one, has mask[h * mask_head_stride + r * mask_row_stride + key]. */
typedef struct tmb_attention_f32_params {
  int32_t heads, shared;
  int32_t queries, keys, depth, value_depth;
  int32_t q_offset, q_head_stride, q_row_stride;
  int32_t k_offset, k_head_stride, k_row_stride;
  int32_t v_offset, v_head_stride, v_row_stride;
  int32_t has_mask, mask_head_stride, mask_row_stride;
  float scale;
} tmb_attention_f32_params;

/* The same in int8. score_ fields requantize q * k as tmb_matmul_s8 does, out_ fields p * v; mask_ fields add as tmb_add_s8 does:
 * (score * mask_score_multiplier + mask * mask_multiplier + mask_sum_offset) >> mask_shift. */
typedef struct tmb_attention_s8_params {
  int32_t heads, shared;
  int32_t queries, keys, depth, value_depth;
  int32_t q_offset, q_head_stride, q_row_stride;
  int32_t k_offset, k_head_stride, k_row_stride;
  int32_t v_offset, v_head_stride, v_row_stride;
  int32_t q_zero_point, k_zero_point, v_zero_point;
  int32_t score_zero_point, score_multiplier, score_shift;
  int32_t has_table;
  int32_t has_mask, mask_head_stride, mask_row_stride;
  int32_t mask_score_multiplier, mask_multiplier, mask_sum_offset, mask_shift;
  int32_t out_zero_point, out_multiplier, out_shift;
} tmb_attention_s8_params;

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

/* Maximum pooling of rank 1 to 3 dimensions with indices: x[outer][in_dims...], y[outer][out_dims...]. pads are those in front.
 * column_major counts positions with the first dimension fastest. */
typedef struct tmb_max_pool_indices_params {
  int32_t outer, rank;
  int32_t in_dims[TMB_MAX_RANK];
  int32_t out_dims[TMB_MAX_RANK];
  int32_t kernel[TMB_MAX_RANK];
  int32_t strides[TMB_MAX_RANK];
  int32_t pads[TMB_MAX_RANK];
  int32_t dilations[TMB_MAX_RANK];
  int32_t column_major;
} tmb_max_pool_indices_params;

/* How a position between elements is read, and what lies outside of an image. */
#define TMB_SAMPLE_NEAREST 0
#define TMB_SAMPLE_LINEAR 1
#define TMB_SAMPLE_CUBIC 2
#define TMB_SAMPLE_ZEROS 0
#define TMB_SAMPLE_EDGE 1
#define TMB_SAMPLE_REFLECTION 2

/* Sampling of an image of rank 1 to 3 dimensions at out_count positions, whose last coordinate belongs to the first dimension.
 * align_corners: -1 and 1 are the centres of the outer elements, else their outer borders; reflection is about the same. */
typedef struct tmb_grid_sample_params {
  int32_t batch, channels, rank;
  int32_t in_dims[TMB_MAX_RANK];
  int32_t out_count;
  int32_t mode, border, align_corners;
} tmb_grid_sample_params;

/* Regions of interest of images of in_h by in_w, pooled to out_h by out_w. scale multiplies the coordinates; the rest is for
 * tmb_roi_align_f32: samples in each direction of a bin (0: as many as it has elements, rounded up), half_pixel shifts regions by half
 * an element (0: regions are at least one element large), maximum pools by the largest value. */
typedef struct tmb_roi_params {
  int32_t batch, channels, in_h, in_w;
  int32_t regions, out_h, out_w;
  int32_t samples, half_pixel, maximum;
  float scale;
} tmb_roi_params;

/* 2-D convolution whose taps are moved by offsets. Flags are 0 or 1; what has_bias and has_mask deny is not read. */
typedef struct tmb_deform_conv2d_params {
  int32_t batch;
  int32_t in_c, in_h, in_w;
  int32_t out_c, out_h, out_w;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left;
  int32_t groups, offset_groups;
  int32_t has_bias, has_mask;
} tmb_deform_conv2d_params;

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

/* Activation functions of recurrent layers; alpha and beta are their parameters where they have any. */
#define TMB_RECURRENT_SIGMOID 0
#define TMB_RECURRENT_TANH 1
#define TMB_RECURRENT_RELU 2
#define TMB_RECURRENT_AFFINE 3           /* alpha * x + beta */
#define TMB_RECURRENT_LEAKY_RELU 4       /* x < 0 ? alpha * x : x */
#define TMB_RECURRENT_THRESHOLDED_RELU 5 /* x > alpha ? x : 0 */
#define TMB_RECURRENT_SCALED_TANH 6      /* alpha * tanh(beta * x) */
#define TMB_RECURRENT_HARD_SIGMOID 7     /* min(max(alpha * x + beta, 0), 1) */
#define TMB_RECURRENT_ELU 8              /* x < 0 ? alpha * (exp(x) - 1) : x */
#define TMB_RECURRENT_SOFTSIGN 9         /* x / (1 + |x|) */
#define TMB_RECURRENT_SOFTPLUS 10        /* log(1 + exp(x)) */

/* RNN, GRU and LSTM in one direction. Flags are 0 or 1; arguments whose has_ flag is 0 are not read. reverse runs from the last
 * step of each sequence to the first; with last_only nothing is written to y. clip limits the arguments of the gates' functions to
 * -clip..clip; the greatest float does not. f, g, h are the functions of the custom kernels. */
typedef struct tmb_recurrent_params {
  int32_t time, batch, input, hidden;
  int32_t reverse, last_only;
  int32_t has_initial_h, has_initial_c, has_peepholes, has_lengths;
  int32_t input_forget, linear_before_reset;
  float clip;
  int32_t f, g, h;
  float f_alpha, f_beta, g_alpha, g_beta, h_alpha, h_beta;
} tmb_recurrent_params;

/* How tmb_tree_ensemble_* combine the leaves of several trees. */
#define TMB_TREE_SUM 0
#define TMB_TREE_MIN 1
#define TMB_TREE_MAX 2

/* Decision trees. Each tree gives a row of `width` numbers of the leaves, which are combined with those of the other trees in y,
 * from the tree's first target on; `initial` is what y starts from. Numbers are compared by their keys: those of a float with the
 * bits b (as int32_t) are b < 0 ? b ^ 0x7fffffff : b, which orders them as the numbers are, and puts -0 just below 0. */
typedef struct tmb_tree_ensemble_params {
  int32_t rows, features, trees, targets, width;
  int32_t aggregate; /* TMB_TREE_... */
  float initial;
} tmb_tree_ensemble_params;

/* Squared distances between rows of x[rows][depth] and v[cols][depth]. */
typedef struct tmb_squared_distance_params {
  int32_t rows, depth, cols;
} tmb_squared_distance_params;

/* Probabilities of classes from those of their pairs. */
typedef struct tmb_pair_coupling_params {
  int32_t rows, classes;
} tmb_pair_coupling_params;

/* Recurrent layers in int8: tmb_gru_s8 and tmb_lstm_s8 have the formulas. x is [time][batch][input]. */
typedef struct tmb_recurrent_s8_params {
  int32_t time, batch, input, hidden;
  int32_t in_zero_point;
  int32_t x_shift; /* of the multipliers of sums over the input */
  int32_t reverse; /* 1: from the last time step to the first; y stays in the order of x */
  int32_t last_only; /* 1: y is not written */
  int32_t linear_before_reset;
  int32_t wide_states; /* 1: initial_h, initial_c, y_h and y_c are int16 in units of 2^-15 (h) and 2^-11 (c); the rest is ignored */
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

/* Elements whose coordinate along one axis is given: a walk over `dims`, those of the indices, in which the element of the data is
 * at sum index[d] * x_strides[d] + position * axis_stride; x_strides is 0 for the axis. */
typedef struct tmb_gather_elements_params {
  int32_t rank;
  int32_t element_bytes;
  int32_t axis_size, axis_stride;
  int32_t dims[TMB_MAX_RANK];
  int32_t x_strides[TMB_MAX_RANK];
} tmb_gather_elements_params;

/* Slices named by tuples: slice = sum position[k] * strides[k] (in slices), position[k] within sizes[k]. */
typedef struct tmb_gather_nd_params {
  int32_t batches, tuples; /* tuples of each batch */
  int32_t width;           /* indices of a tuple */
  int32_t sizes[TMB_MAX_RANK];
  int32_t strides[TMB_MAX_RANK];
  int32_t batch_stride; /* slices of a batch of x */
  int32_t slice_bytes;
} tmb_gather_nd_params;

/* How a scattered update joins what is there. */
#define TMB_SCATTER_REPLACE 0
#define TMB_SCATTER_ADD 1
#define TMB_SCATTER_MUL 2
#define TMB_SCATTER_MIN 3
#define TMB_SCATTER_MAX 4

/* As tmb_gather_elements_params; count is the number of elements of the data. type is a value of tmb_type: TMB_F32, TMB_S32 or
 * TMB_S64 for all kinds but TMB_SCATTER_REPLACE. */
typedef struct tmb_scatter_elements_params {
  int32_t rank;
  int32_t element_bytes;
  int32_t axis_size, axis_stride;
  int32_t dims[TMB_MAX_RANK];
  int32_t x_strides[TMB_MAX_RANK];
  int32_t count;
  int32_t kind, type;
} tmb_scatter_elements_params;

/* As tmb_gather_nd_params, with slices of `slice` elements; count, kind and type as above. */
typedef struct tmb_scatter_nd_params {
  int32_t tuples, width;
  int32_t sizes[TMB_MAX_RANK];
  int32_t strides[TMB_MAX_RANK];
  int32_t slice, element_bytes;
  int32_t count;
  int32_t kind, type;
} tmb_scatter_nd_params;

/* The k best elements along the middle of x[outer][depth][inner]; k <= depth. */
typedef struct tmb_top_k_params {
  int32_t outer, depth, inner;
  int32_t k;
  int32_t smallest; /* 0: the largest elements are the best */
} tmb_top_k_params;

/* Coordinates of true elements of a tensor of the shape dims. */
typedef struct tmb_non_zero_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
} tmb_non_zero_params;

/* Distinct slices along the middle of x[outer][depth][inner]. */
typedef struct tmb_unique_params {
  int32_t outer, depth, inner;
  int32_t sorted;
} tmb_unique_params;

/* Non-maximum suppression: boxes[batches][boxes][4], scores[batches][classes][boxes], y[capacity][3]. */
typedef struct tmb_non_max_suppression_params {
  int32_t batches, classes, boxes;
  int32_t capacity;
  int32_t center_point; /* 0: boxes are y, x, y, x of two corners; 1: x and y of the centre, width, height */
} tmb_non_max_suppression_params;

/* `batch` sequences of `time` slices; strides are in slices of inner_bytes. */
typedef struct tmb_reverse_sequence_params {
  int32_t batch, time;
  int32_t batch_stride, time_stride;
  int32_t inner_bytes;
} tmb_reverse_sequence_params;

/* Cumulative sums of a tensor of the shape dims. */
typedef struct tmb_cumsum_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t exclusive, reverse;
} tmb_cumsum_params;

/* `count` matrices of size x size. */
typedef struct tmb_det_params {
  int32_t count, size;
} tmb_det_params;

/* Fourier transform along the middle of x[outer][in_size][inner][1 or 2] to y[outer][bins][inner][2]. */
typedef struct tmb_dft_params {
  int32_t outer, in_size, inner;
  int32_t size; /* of the transform: the signal is cut or padded with zeros to it */
  int32_t bins; /* at most size */
  int32_t is_complex, inverse;
} tmb_dft_params;

/* n-grams in x[rows][cols]; `count` of them, y[rows][size]. */
typedef struct tmb_ngrams_params {
  int32_t rows, cols, size;
  int32_t count;
  int32_t max_skip;
} tmb_ngrams_params;

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

#include "thimble/tmb_abi_s16.h"

#endif
