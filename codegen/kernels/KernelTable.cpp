// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rows of the kernel table. Argument counts, record and call come from the C prototype, so they cannot disagree with it.
#include "codegen/kernels/KernelTable.h"
#include "thimble/tmb_kernels.h"
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

using namespace thimble::kernels;

namespace {

constexpr unsigned inPlaceA = 1, inPlaceB = 2, inPlaceC = 4; // the output may be the first, second, third input
constexpr bool libm = true, noLibm = false, scratch = true;

template <typename Argument> constexpr bool isInput = std::is_const_v<std::remove_pointer_t<Argument>>;

// The name of a record, from the compiler's rendering of its type, e.g. "... [Record = tmb_unary_params]".
template <typename Record> llvm::StringRef recordName() {
  llvm::StringRef text = __PRETTY_FUNCTION__;
  size_t start = text.find("Record = ");
  return text.substr(start).drop_front(9).take_while([](char c) { return c != ']' && c != ';'; });
}

template <auto function> struct Caller;
template <typename... Arguments, void (*function)(Arguments...)> struct Caller<function> {
  static constexpr size_t count = sizeof...(Arguments);
  using Record = std::remove_const_t<std::remove_pointer_t<std::tuple_element_t<count - 1, std::tuple<Arguments...>>>>;
  // The record is the last argument and const, as inputs are.
  static constexpr unsigned ins = (unsigned(isInput<Arguments>) + ...) - 1;

  template <size_t... index> static void call(void *const *arguments, std::index_sequence<index...>) {
    function(static_cast<Arguments>(arguments[index])...);
  }
  static void invoke(void *const *arguments) { call(arguments, std::make_index_sequence<count>()); }
};

// Outputs and scratch are both pointers to bytes that the kernel writes: a kernel with scratch says so in its row.
template <auto function>
Kernel row(llvm::StringRef name, unsigned inPlace, bool usesLibm, bool hasScratch = false, llvm::StringRef source = "") {
  using Call = Caller<function>;
  unsigned outs = Call::count - 1 - Call::ins - (hasScratch ? 1 : 0);
  return {name, recordName<typename Call::Record>(), Call::ins, outs, hasScratch, inPlace, usesLibm, Call::invoke,
          source.empty() ? name : source};
}

} // namespace

// Sorted by name; the lookup relies on it.
static const Kernel table[] = {
    row<tmb_abs_f32>("tmb_abs_f32", inPlaceA, libm),
    row<tmb_abs_s64>("tmb_abs_s64", inPlaceA, noLibm),
    row<tmb_acos_f32>("tmb_acos_f32", inPlaceA, libm),
    row<tmb_acosh_f32>("tmb_acosh_f32", inPlaceA, libm),
    row<tmb_add_f32>("tmb_add_f32", inPlaceA | inPlaceB, noLibm),
    row<tmb_add_f64>("tmb_add_f64", inPlaceA | inPlaceB, noLibm),
    // Exact sums of 32-bit products; the inner loop has 21 instructions an element on Cortex-M4.
    row<tmb_add_s16>("tmb_add_s16", inPlaceA | inPlaceB, noLibm),
    row<tmb_add_s32>("tmb_add_s32", inPlaceA | inPlaceB, noLibm),
    row<tmb_add_s64>("tmb_add_s64", inPlaceA | inPlaceB, noLibm),
    // Dense: 6.5 instructions an element on Cortex-M4.
    row<tmb_add_s8>("tmb_add_s8", inPlaceA | inPlaceB, noLibm),
    row<tmb_and_u8>("tmb_and_u8", inPlaceA | inPlaceB, noLibm),
    row<tmb_arg_max_f32>("tmb_arg_max_f32", 0, noLibm),
    row<tmb_arg_max_s16>("tmb_arg_max_s16", 0, noLibm),
    row<tmb_arg_max_s8>("tmb_arg_max_s8", 0, noLibm),
    row<tmb_arg_min_f32>("tmb_arg_min_f32", 0, noLibm),
    row<tmb_asin_f32>("tmb_asin_f32", inPlaceA, libm),
    row<tmb_asinh_f32>("tmb_asinh_f32", inPlaceA, libm),
    row<tmb_atan_f32>("tmb_atan_f32", inPlaceA, libm),
    row<tmb_atanh_f32>("tmb_atanh_f32", inPlaceA, libm),
    // Never a matrix of scores. Scratch: a row of scores.
    row<tmb_attention_f32>("tmb_attention_f32", 0, libm, scratch),
    // Scratch: four rows of queries and of scores in 16 bits.
    row<tmb_attention_s8>("tmb_attention_s8", 0, noLibm, scratch),
    row<tmb_average_pool2d_f32>("tmb_average_pool2d_f32", 0, noLibm),
    row<tmb_average_pool2d_s16>("tmb_average_pool2d_s16", 0, noLibm),
    row<tmb_average_pool2d_s8>("tmb_average_pool2d_s8", 0, noLibm),
    row<tmb_bit_and_s64>("tmb_bit_and_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_bit_or_s64>("tmb_bit_or_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_bit_xor_s64>("tmb_bit_xor_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_cast>("tmb_cast", 0, noLibm),
    row<tmb_cast_small_float>("tmb_cast_small_float", 0, noLibm),
    row<tmb_ceil_f32>("tmb_ceil_f32", inPlaceA, libm),
    row<tmb_clamp_f32>("tmb_clamp_f32", inPlaceA, noLibm),
    row<tmb_clamp_s16>("tmb_clamp_s16", inPlaceA, noLibm),
    // A convolution and the addition of a residual to its result: 1.5 instructions an element less than both on Cortex-M4. In place
    // over the residual.
    row<tmb_conv2d_add_s8>("tmb_conv2d_add_s8", inPlaceB, noLibm, scratch, "tmb_conv2d_s8"),
    row<tmb_conv2d_f32>("tmb_conv2d_f32", 0, noLibm, scratch),
    // Images of few channels in planes; 1.2 instructions per MAC on Cortex-M4 where rows have three taps.
    row<tmb_conv2d_planes_s8>("tmb_conv2d_planes_s8", 0, noLibm, scratch, "tmb_conv2d_s8"),
    // Convolutions and fully connected layers with int16 activations whose sums 32 bits surely hold; the inner loop has 1.75
    // instructions per MAC on Cortex-M4. Scratch: two windows.
    row<tmb_conv2d_s16>("tmb_conv2d_s16", 0, noLibm, scratch),
    row<tmb_conv2d_s32>("tmb_conv2d_s32", 0, noLibm),
    // Any convolution with constant weights; 0.77 to 1.2 instructions per MAC on Cortex-M4, 1.4 on images of three channels.
    // Scratch: four windows in 16 bits, or several times four where the arena has room (GrowScratch.cpp), and copies of those that
    // leave the image (tmb_layout.h). Overlaps its input.
    row<tmb_conv2d_s8>("tmb_conv2d_s8", 0, noLibm, scratch),
    // Those whose sums need 64 bits.
    row<tmb_conv2d_wide_s16>("tmb_conv2d_wide_s16", 0, noLibm, scratch),
    row<tmb_copy_bytes>("tmb_copy_bytes", 0, noLibm),
    row<tmb_copy_nd>("tmb_copy_nd", 0, noLibm),
    row<tmb_cos_f32>("tmb_cos_f32", inPlaceA, libm),
    row<tmb_count_ngrams>("tmb_count_ngrams", 0, noLibm),
    row<tmb_cumsum_f32>("tmb_cumsum_f32", 0, noLibm),
    row<tmb_cumsum_s32>("tmb_cumsum_s32", 0, noLibm),
    row<tmb_cumsum_s64>("tmb_cumsum_s64", 0, noLibm),
    row<tmb_deform_conv2d_f32>("tmb_deform_conv2d_f32", 0, noLibm),
    // 3x3 taps, one stride of 1 or 2, outputs not larger than inputs, no shift; 1.6 to 2.3 instructions per MAC on Cortex-M4, 2.9
    // with stride 2. Scratch: two pairs of rows of four channels. In place with stride 1, overlaps its input with stride 2.
    row<tmb_depthwise3x3_s8>("tmb_depthwise3x3_s8", inPlaceA, noLibm, scratch),
    row<tmb_depthwise_conv2d_f32>("tmb_depthwise_conv2d_f32", 0, noLibm),
    row<tmb_depthwise_conv2d_s16>("tmb_depthwise_conv2d_s16", 0, noLibm),
    // Any other depthwise convolution; 2.6 instructions per MAC on Cortex-M4.
    row<tmb_depthwise_conv2d_s8>("tmb_depthwise_conv2d_s8", 0, noLibm),
    row<tmb_dequantize_s16_f32>("tmb_dequantize_s16_f32", 0, noLibm),
    row<tmb_dequantize_s8_f32>("tmb_dequantize_s8_f32", 0, noLibm),
    row<tmb_det_f32>("tmb_det_f32", 0, noLibm, true),
    row<tmb_dft_f32>("tmb_dft_f32", 0, noLibm, true),
    row<tmb_div_f32>("tmb_div_f32", inPlaceA | inPlaceB, noLibm),
    row<tmb_div_f64>("tmb_div_f64", inPlaceA | inPlaceB, noLibm),
    row<tmb_div_s16>("tmb_div_s16", inPlaceA | inPlaceB, noLibm),
    row<tmb_div_s32>("tmb_div_s32", inPlaceA | inPlaceB, noLibm),
    row<tmb_div_s64>("tmb_div_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_div_s8>("tmb_div_s8", inPlaceA | inPlaceB, noLibm),
    row<tmb_div_u64>("tmb_div_u64", inPlaceA | inPlaceB, noLibm),
    row<tmb_elu_f32>("tmb_elu_f32", inPlaceA, libm),
    row<tmb_equal_f32>("tmb_equal_f32", 0, noLibm),
    row<tmb_equal_s32>("tmb_equal_s32", 0, noLibm),
    row<tmb_equal_s64>("tmb_equal_s64", 0, noLibm),
    row<tmb_equal_u8>("tmb_equal_u8", inPlaceA | inPlaceB, noLibm),
    row<tmb_erf_f32>("tmb_erf_f32", inPlaceA, libm),
    row<tmb_exp_f32>("tmb_exp_f32", inPlaceA, libm),
    row<tmb_fetch>("tmb_fetch", 0, noLibm),
    row<tmb_floor_f32>("tmb_floor_f32", inPlaceA, libm),
    row<tmb_fully_connected_f32>("tmb_fully_connected_f32", 0, noLibm),
    // Up to three rows (more are a convolution); 1.3 instructions per MAC on Cortex-M4.
    row<tmb_fully_connected_s8>("tmb_fully_connected_s8", 0, noLibm),
    row<tmb_gather>("tmb_gather", 0, noLibm),
    row<tmb_gather_elements>("tmb_gather_elements", 0, noLibm),
    row<tmb_gather_nd>("tmb_gather_nd", 0, noLibm),
    row<tmb_gelu_f32>("tmb_gelu_f32", inPlaceA, libm),
    row<tmb_gelu_tanh_f32>("tmb_gelu_tanh_f32", inPlaceA, libm),
    row<tmb_grid_sample_f32>("tmb_grid_sample_f32", 0, noLibm),
    row<tmb_gru_custom_f32>("tmb_gru_custom_f32", 0, libm, true),
    row<tmb_gru_f32>("tmb_gru_f32", 0, libm, true),
    // 1.3 to 1.5 instructions per MAC on Cortex-M4, 0.6 to 0.9 on Cortex-M55.
    row<tmb_gru_s8>("tmb_gru_s8", 0, noLibm, /*hasScratch=*/true),
    row<tmb_hard_sigmoid_f32>("tmb_hard_sigmoid_f32", inPlaceA, noLibm),
    row<tmb_hard_swish_f32>("tmb_hard_swish_f32", inPlaceA, noLibm),
    row<tmb_layer_norm_f32>("tmb_layer_norm_f32", inPlaceA, libm),
    row<tmb_leaky_relu_f32>("tmb_leaky_relu_f32", inPlaceA, noLibm),
    row<tmb_less_equal_f32>("tmb_less_equal_f32", 0, noLibm),
    row<tmb_less_equal_s32>("tmb_less_equal_s32", 0, noLibm),
    row<tmb_less_equal_s64>("tmb_less_equal_s64", 0, noLibm),
    row<tmb_less_f32>("tmb_less_f32", 0, noLibm),
    row<tmb_less_s32>("tmb_less_s32", 0, noLibm),
    row<tmb_less_s64>("tmb_less_s64", 0, noLibm),
    row<tmb_log_f32>("tmb_log_f32", inPlaceA, libm),
    row<tmb_log_softmax_f32>("tmb_log_softmax_f32", inPlaceA, libm),
    row<tmb_lookup_s16>("tmb_lookup_s16", inPlaceA, noLibm),
    row<tmb_lookup_s8>("tmb_lookup_s8", inPlaceA, noLibm),
    row<tmb_lstm_custom_f32>("tmb_lstm_custom_f32", 0, libm, true),
    row<tmb_lstm_f32>("tmb_lstm_f32", 0, libm, true),
    // As tmb_gru_s8.
    row<tmb_lstm_s8>("tmb_lstm_s8", 0, noLibm, /*hasScratch=*/true),
    row<tmb_matmul_f32>("tmb_matmul_f32", 0, noLibm),
    row<tmb_matmul_s16>("tmb_matmul_s16", 0, noLibm),
    row<tmb_matmul_s32>("tmb_matmul_s32", 0, noLibm),
    row<tmb_matmul_s64>("tmb_matmul_s64", 0, noLibm),
    row<tmb_matmul_s8>("tmb_matmul_s8", 0, noLibm),
    row<tmb_max_f32>("tmb_max_f32", inPlaceA | inPlaceB, noLibm),
    row<tmb_max_pool2d_f32>("tmb_max_pool2d_f32", 0, libm),
    row<tmb_max_pool2d_s16>("tmb_max_pool2d_s16", 0, noLibm),
    row<tmb_max_pool2d_s8>("tmb_max_pool2d_s8", 0, noLibm),
    row<tmb_max_pool_indices_f32>("tmb_max_pool_indices_f32", 0, libm),
    row<tmb_max_roi_pool_f32>("tmb_max_roi_pool_f32", 0, noLibm),
    row<tmb_max_s16>("tmb_max_s16", inPlaceA | inPlaceB, noLibm),
    row<tmb_max_s32>("tmb_max_s32", inPlaceA | inPlaceB, noLibm),
    row<tmb_max_s64>("tmb_max_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_max_s8>("tmb_max_s8", inPlaceA | inPlaceB, noLibm),
    row<tmb_mean_s16>("tmb_mean_s16", 0, noLibm),
    row<tmb_mean_s8>("tmb_mean_s8", 0, noLibm),
    row<tmb_min_f32>("tmb_min_f32", inPlaceA | inPlaceB, noLibm),
    row<tmb_min_s16>("tmb_min_s16", inPlaceA | inPlaceB, noLibm),
    row<tmb_min_s32>("tmb_min_s32", inPlaceA | inPlaceB, noLibm),
    row<tmb_min_s64>("tmb_min_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_min_s8>("tmb_min_s8", inPlaceA | inPlaceB, noLibm),
    row<tmb_mod_f32>("tmb_mod_f32", inPlaceA | inPlaceB, libm),
    row<tmb_mod_s32>("tmb_mod_s32", inPlaceA | inPlaceB, noLibm),
    row<tmb_mod_s64>("tmb_mod_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_mod_u64>("tmb_mod_u64", inPlaceA | inPlaceB, noLibm),
    // Moves 1.4 bytes an instruction on Cortex-M4.
    row<tmb_move_down>("tmb_move_down", 0, noLibm),
    row<tmb_mul_f32>("tmb_mul_f32", inPlaceA | inPlaceB, noLibm),
    row<tmb_mul_f64>("tmb_mul_f64", inPlaceA | inPlaceB, noLibm),
    row<tmb_mul_s16>("tmb_mul_s16", inPlaceA | inPlaceB, noLibm),
    row<tmb_mul_s32>("tmb_mul_s32", inPlaceA | inPlaceB, noLibm),
    row<tmb_mul_s64>("tmb_mul_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_mul_s8>("tmb_mul_s8", inPlaceA | inPlaceB, noLibm),
    row<tmb_neg_f32>("tmb_neg_f32", inPlaceA, noLibm),
    row<tmb_neg_s64>("tmb_neg_s64", inPlaceA, noLibm),
    row<tmb_non_max_suppression_f32>("tmb_non_max_suppression_f32", 0, noLibm),
    row<tmb_non_zero>("tmb_non_zero", 0, noLibm),
    row<tmb_norm_s16>("tmb_norm_s16", inPlaceA, noLibm),
    row<tmb_norm_s8>("tmb_norm_s8", inPlaceA, noLibm),
    row<tmb_not_u8>("tmb_not_u8", inPlaceA, noLibm),
    row<tmb_or_u8>("tmb_or_u8", inPlaceA | inPlaceB, noLibm),
    row<tmb_pad>("tmb_pad", 0, noLibm),
    row<tmb_pair_coupling_f32>("tmb_pair_coupling_f32", 0, noLibm, true),
    row<tmb_pow_f32>("tmb_pow_f32", inPlaceA | inPlaceB, libm),
    row<tmb_pow_s64>("tmb_pow_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_prelu_f32>("tmb_prelu_f32", inPlaceA | inPlaceB, noLibm),
    row<tmb_prelu_s16>("tmb_prelu_s16", inPlaceA | inPlaceB, noLibm),
    row<tmb_quantize_f32_s16>("tmb_quantize_f32_s16", 0, noLibm),
    row<tmb_quantize_f32_s8>("tmb_quantize_f32_s8", 0, noLibm),
    row<tmb_reciprocal_f32>("tmb_reciprocal_f32", inPlaceA, noLibm),
    row<tmb_reduce_l1_f32>("tmb_reduce_l1_f32", 0, libm),
    row<tmb_reduce_l2_f32>("tmb_reduce_l2_f32", 0, libm),
    row<tmb_reduce_max_f32>("tmb_reduce_max_f32", 0, libm),
    row<tmb_reduce_max_s16>("tmb_reduce_max_s16", 0, noLibm),
    row<tmb_reduce_max_s32>("tmb_reduce_max_s32", 0, noLibm),
    row<tmb_reduce_max_s64>("tmb_reduce_max_s64", 0, noLibm),
    row<tmb_reduce_max_s8>("tmb_reduce_max_s8", 0, noLibm),
    row<tmb_reduce_mean_f32>("tmb_reduce_mean_f32", 0, noLibm),
    row<tmb_reduce_min_f32>("tmb_reduce_min_f32", 0, libm),
    row<tmb_reduce_min_s32>("tmb_reduce_min_s32", 0, noLibm),
    row<tmb_reduce_min_s64>("tmb_reduce_min_s64", 0, noLibm),
    row<tmb_reduce_prod_f32>("tmb_reduce_prod_f32", 0, noLibm),
    row<tmb_reduce_prod_s32>("tmb_reduce_prod_s32", 0, noLibm),
    row<tmb_reduce_prod_s64>("tmb_reduce_prod_s64", 0, noLibm),
    row<tmb_reduce_sum_f32>("tmb_reduce_sum_f32", 0, noLibm),
    row<tmb_reduce_sum_s32>("tmb_reduce_sum_s32", 0, noLibm),
    row<tmb_reduce_sum_s64>("tmb_reduce_sum_s64", 0, noLibm),
    row<tmb_reduce_sum_square_f32>("tmb_reduce_sum_square_f32", 0, noLibm),
    row<tmb_relu_f32>("tmb_relu_f32", inPlaceA, noLibm),
    row<tmb_requantize_s16>("tmb_requantize_s16", inPlaceA, noLibm),
    row<tmb_requantize_s16_s8>("tmb_requantize_s16_s8", 0, noLibm),
    row<tmb_requantize_s8>("tmb_requantize_s8", inPlaceA, noLibm),
    row<tmb_requantize_s8_s16>("tmb_requantize_s8_s16", 0, noLibm),
    row<tmb_reverse_sequence>("tmb_reverse_sequence", 0, noLibm),
    row<tmb_rms_norm_f32>("tmb_rms_norm_f32", inPlaceA, libm),
    row<tmb_rnn_custom_f32>("tmb_rnn_custom_f32", 0, libm, true),
    row<tmb_rnn_f32>("tmb_rnn_f32", 0, libm, true),
    row<tmb_roi_align_f32>("tmb_roi_align_f32", 0, noLibm),
    row<tmb_round_f32>("tmb_round_f32", inPlaceA, libm),
    row<tmb_scatter_elements>("tmb_scatter_elements", inPlaceA, noLibm),
    row<tmb_scatter_nd>("tmb_scatter_nd", inPlaceA, noLibm),
    row<tmb_select>("tmb_select", inPlaceB | inPlaceC, noLibm),
    row<tmb_shift_left_s64>("tmb_shift_left_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_shift_right_s64>("tmb_shift_right_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_sigmoid_f32>("tmb_sigmoid_f32", inPlaceA, libm),
    row<tmb_sign_f32>("tmb_sign_f32", inPlaceA, noLibm),
    row<tmb_silu_f32>("tmb_silu_f32", inPlaceA, libm),
    row<tmb_sin_f32>("tmb_sin_f32", inPlaceA, libm),
    row<tmb_sinh_f32>("tmb_sinh_f32", inPlaceA, libm),
    row<tmb_slide>("tmb_slide", 0, noLibm),
    row<tmb_softmax_f32>("tmb_softmax_f32", inPlaceA, libm),
    row<tmb_softmax_s16>("tmb_softmax_s16", inPlaceA, noLibm),
    // 40 instructions an element on Cortex-M4.
    row<tmb_softmax_s8>("tmb_softmax_s8", inPlaceA, noLibm),
    row<tmb_softplus_f32>("tmb_softplus_f32", inPlaceA, libm),
    row<tmb_sqrt_f32>("tmb_sqrt_f32", inPlaceA, libm),
    row<tmb_squared_distance_f32>("tmb_squared_distance_f32", 0, noLibm),
    // No kernel: the steps of a streamed part, in the region of its mcu.call.
    {"tmb_stream", "", 0, 1, true, 0, false, nullptr, ""},
    row<tmb_sub_f32>("tmb_sub_f32", inPlaceA | inPlaceB, noLibm),
    row<tmb_sub_f64>("tmb_sub_f64", inPlaceA | inPlaceB, noLibm),
    row<tmb_sub_s32>("tmb_sub_s32", inPlaceA | inPlaceB, noLibm),
    row<tmb_sub_s64>("tmb_sub_s64", inPlaceA | inPlaceB, noLibm),
    row<tmb_tanh_f32>("tmb_tanh_f32", inPlaceA, libm),
    row<tmb_top_k_f32>("tmb_top_k_f32", 0, noLibm),
    row<tmb_top_k_s32>("tmb_top_k_s32", 0, noLibm),
    row<tmb_top_k_s64>("tmb_top_k_s64", 0, noLibm),
    row<tmb_transpose>("tmb_transpose", inPlaceA, noLibm, scratch),
    row<tmb_tree_ensemble_u16>("tmb_tree_ensemble_u16", 0, noLibm),
    row<tmb_tree_ensemble_u32>("tmb_tree_ensemble_u32", 0, noLibm),
    row<tmb_unique_f32>("tmb_unique_f32", 0, noLibm),
    row<tmb_unique_s32>("tmb_unique_s32", 0, noLibm),
    row<tmb_unique_s64>("tmb_unique_s64", 0, noLibm),
    row<tmb_xor_u8>("tmb_xor_u8", inPlaceA | inPlaceB, noLibm),
};

llvm::ArrayRef<Kernel> thimble::kernels::getKernels() { return table; }

bool thimble::kernels::mayOverwrite(const Kernel &kernel, unsigned out, unsigned in) {
  if (out == 0)
    return in < 32 && (kernel.inPlace >> in & 1) != 0;
  // Recurrent layers read an initial state before they write the final one: of each sequence in int8, of all at once in float.
  llvm::StringRef name = kernel.name;
  bool isRecurrent = name.starts_with("tmb_rnn_") || name.starts_with("tmb_gru_") || name.starts_with("tmb_lstm_");
  unsigned firstState = name.ends_with("_s8") ? 3 : 4; // x, weights, recurrence and bias, or constants come before
  return isRecurrent && in == firstState + out - 1;
}

const Kernel *thimble::kernels::lookup(llvm::StringRef name) {
  const Kernel *found = std::lower_bound(std::begin(table), std::end(table), name,
                                         [](const Kernel &kernel, llvm::StringRef key) { return kernel.name < key; });
  return found != std::end(table) && found->name == name ? found : nullptr;
}

std::vector<std::string> thimble::kernels::sourcesOf(llvm::ArrayRef<std::string> kernels) {
  std::vector<std::string> sources;
  for (const std::string &name : kernels) {
    const Kernel *kernel = lookup(name);
    sources.push_back(kernel ? kernel->source.str() : name);
  }
  llvm::sort(sources);
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  return sources;
}
