// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The fields of the records of tmb_abi.h, checked against the header by the compiler, and how values get into them.
#include "dialects/mcu/McuRecords.h"
#include "thimble/tmb_abi.h"
#include "llvm/ADT/StringSet.h"
#include <cstddef>
#include <cstring>
#include <type_traits>

using namespace mlir;
using namespace thimble::mcu;

// Fields hold int32_t or float, or arrays of int32_t.
template <typename Struct, typename Field>
static constexpr RecordField describe(const char *name, size_t offset, const char *member = "") {
  using Element = std::remove_all_extents_t<Field>;
  static_assert(std::is_same_v<Element, int32_t> || std::is_same_v<Element, float>);
  return {name, offset, std::is_same_v<Element, float>, sizeof(Field) / sizeof(Element), member};
}

// True if the fields are all of the struct's bytes: one that is forgotten in a list below does not compile.
template <typename Struct, size_t count> static constexpr bool covers(const RecordField (&fields)[count]) {
  size_t bytes = 0;
  for (const RecordField &field : fields)
    bytes += 4 * field.count;
  return bytes == sizeof(Struct);
}

#define F(NAME) describe<S, decltype(S::NAME)>(#NAME, offsetof(S, NAME))
#define CONV(NAME)                                                                                                             \
  describe<S, decltype(tmb_conv2d_s8_params::NAME)>(#NAME, offsetof(S, conv) + offsetof(tmb_conv2d_s8_params, NAME), "conv")
// The fields of tmb_conv2d_s8_params, which the record has as its member `conv`.
#define CONVOLUTION                                                                                                            \
  CONV(batch), CONV(in_h), CONV(in_w), CONV(in_c), CONV(out_h), CONV(out_w), CONV(out_c), CONV(kernel_h), CONV(kernel_w),      \
      CONV(stride_h), CONV(stride_w), CONV(dilation_h), CONV(dilation_w), CONV(pad_top), CONV(pad_left), CONV(groups),         \
      CONV(in_zero_point), CONV(out_zero_point), CONV(shift), CONV(act_min), CONV(act_max), CONV(blocks)
#define RECORD(STRUCT, ...)                                                                                                    \
  [] {                                                                                                                         \
    using S = STRUCT;                                                                                                          \
    static constexpr RecordField fields[] = {__VA_ARGS__};                                                                     \
    static_assert(covers<S>(fields), "a field of this record is missing in the list");                                         \
    return Record{#STRUCT, sizeof(S), fields};                                                                                 \
  }()

static llvm::ArrayRef<Record> records() {
  static const Record all[] = {
      RECORD(tmb_conv2d_f32_params, F(batch), F(in_h), F(in_w), F(in_c), F(out_h), F(out_w), F(out_c), F(kernel_h), F(kernel_w),
             F(stride_h), F(stride_w), F(dilation_h), F(dilation_w), F(pad_top), F(pad_left), F(groups), F(act_min),
             F(act_max)),
      RECORD(tmb_conv2d_s8_params, F(batch), F(in_h), F(in_w), F(in_c), F(out_h), F(out_w), F(out_c), F(kernel_h), F(kernel_w),
             F(stride_h), F(stride_w), F(dilation_h), F(dilation_w), F(pad_top), F(pad_left), F(groups), F(in_zero_point),
             F(out_zero_point), F(shift), F(act_min), F(act_max), F(blocks)),
      RECORD(tmb_conv2d_add_s8_params, CONVOLUTION, F(c_multiplier), F(r_multiplier), F(sum_offset), F(sum_min), F(sum_max)),
      RECORD(tmb_conv2d_planes_s8_params, CONVOLUTION, F(plane)),
      RECORD(tmb_fully_connected_f32_params, F(rows), F(depth), F(cols), F(act_min), F(act_max)),
      RECORD(tmb_fully_connected_s8_params, F(rows), F(depth), F(cols), F(out_zero_point), F(shift), F(act_min), F(act_max)),
      RECORD(tmb_matmul_f32_params, F(batch_rank), F(batch_dims), F(a_batch_strides), F(b_batch_strides), F(rows), F(depth),
             F(cols), F(a_row_stride), F(a_col_stride), F(b_row_stride), F(b_col_stride)),
      RECORD(tmb_matmul_s8_params, F(batch_rank), F(batch_dims), F(a_batch_strides), F(b_batch_strides), F(rows), F(depth),
             F(cols), F(a_row_stride), F(a_col_stride), F(b_row_stride), F(b_col_stride), F(a_zero_point), F(b_zero_point),
             F(out_zero_point), F(multiplier), F(shift)),
      RECORD(tmb_attention_f32_params, F(heads), F(shared), F(queries), F(keys), F(depth), F(value_depth), F(q_offset),
             F(q_head_stride), F(q_row_stride), F(k_offset), F(k_head_stride), F(k_row_stride), F(v_offset), F(v_head_stride),
             F(v_row_stride), F(has_mask), F(mask_head_stride), F(mask_row_stride), F(scale)),
      RECORD(tmb_attention_s8_params, F(heads), F(shared), F(queries), F(keys), F(depth), F(value_depth), F(q_offset),
             F(q_head_stride), F(q_row_stride), F(k_offset), F(k_head_stride), F(k_row_stride), F(v_offset), F(v_head_stride),
             F(v_row_stride), F(q_zero_point), F(k_zero_point), F(v_zero_point), F(score_zero_point), F(score_multiplier),
             F(score_shift), F(has_table), F(has_mask), F(mask_head_stride), F(mask_row_stride), F(mask_score_multiplier),
             F(mask_multiplier), F(mask_sum_offset), F(mask_shift), F(out_zero_point), F(out_multiplier), F(out_shift)),
      RECORD(tmb_unary_params, F(count), F(alpha), F(beta)),
      RECORD(tmb_binary_params, F(rank), F(dims), F(a_strides), F(b_strides)),
      RECORD(tmb_add_s8_params, F(rank), F(dims), F(a_strides), F(b_strides), F(a_multiplier), F(b_multiplier), F(offset),
             F(shift), F(act_min), F(act_max)),
      RECORD(tmb_prelu_s16_params, F(rank), F(dims), F(a_strides), F(b_strides), F(positive_multiplier), F(positive_shift),
             F(negative_multiplier), F(negative_shift), F(act_min), F(act_max)),
      RECORD(tmb_add_s16_params, F(rank), F(dims), F(a_strides), F(b_strides), F(a_multiplier), F(b_multiplier), F(act_min),
             F(act_max)),
      RECORD(tmb_mul_s8_params, F(rank), F(dims), F(a_strides), F(b_strides), F(a_zero_point), F(b_zero_point),
             F(out_zero_point), F(multiplier), F(shift), F(act_min), F(act_max)),
      RECORD(tmb_div_s16_params, F(rank), F(dims), F(a_strides), F(b_strides), F(multiplier), F(shift), F(act_min), F(act_max)),
      RECORD(tmb_div_s8_params, F(rank), F(dims), F(a_strides), F(b_strides), F(a_zero_point), F(out_zero_point), F(act_min),
             F(act_max)),
      RECORD(tmb_select_params, F(rank), F(element_bytes), F(dims), F(c_strides), F(a_strides), F(b_strides)),
      RECORD(tmb_softmax_params, F(outer), F(depth), F(inner)),
      RECORD(tmb_softmax_s16_params, F(outer), F(depth), F(inner), F(multiplier), F(shift)),
      RECORD(tmb_pool2d_params, F(batch), F(in_h), F(in_w), F(channels), F(out_h), F(out_w), F(kernel_h), F(kernel_w),
             F(stride_h), F(stride_w), F(dilation_h), F(dilation_w), F(pad_top), F(pad_left), F(pad_bottom), F(pad_right),
             F(count_include_pad), F(zero_point)),
      RECORD(tmb_max_pool_indices_params, F(outer), F(rank), F(in_dims), F(out_dims), F(kernel), F(strides), F(pads),
             F(dilations), F(column_major)),
      RECORD(tmb_grid_sample_params, F(batch), F(channels), F(rank), F(in_dims), F(out_count), F(mode), F(border),
             F(align_corners)),
      RECORD(tmb_roi_params, F(batch), F(channels), F(in_h), F(in_w), F(regions), F(out_h), F(out_w), F(samples), F(half_pixel),
             F(maximum), F(scale)),
      RECORD(tmb_deform_conv2d_params, F(batch), F(in_c), F(in_h), F(in_w), F(out_c), F(out_h), F(out_w), F(kernel_h),
             F(kernel_w), F(stride_h), F(stride_w), F(dilation_h), F(dilation_w), F(pad_top), F(pad_left), F(groups),
             F(offset_groups), F(has_bias), F(has_mask)),
      RECORD(tmb_reduce_params, F(kept_rank), F(reduced_rank), F(kept_dims), F(kept_strides), F(reduced_dims),
             F(reduced_strides)),
      RECORD(tmb_mean_s8_params, F(kept_rank), F(reduced_rank), F(kept_dims), F(kept_strides), F(reduced_dims),
             F(reduced_strides), F(bias), F(multiplier), F(shift), F(out_zero_point)),
      RECORD(tmb_arg_params, F(outer), F(depth), F(inner), F(select_last)),
      RECORD(tmb_layer_norm_params, F(outer), F(depth), F(epsilon)),
      RECORD(tmb_norm_s8_params, F(outer), F(depth), F(centered), F(in_zero_point), F(epsilon), F(epsilon_shift), F(fraction),
             F(shift)),
      RECORD(tmb_norm_s16_params, F(outer), F(depth), F(centered), F(epsilon), F(epsilon_shift), F(shift)),
      RECORD(tmb_recurrent_s8_params, F(time), F(batch), F(input), F(hidden), F(in_zero_point), F(x_shift), F(reverse),
             F(last_only), F(linear_before_reset), F(wide_states), F(has_initial_h), F(h_zero_point), F(h_multiplier),
             F(h_start_shift), F(has_initial_c), F(c_zero_point), F(c_multiplier), F(c_start_shift), F(c_out_zero_point),
             F(c_out_multiplier), F(c_out_shift)),
      RECORD(tmb_recurrent_params, F(time), F(batch), F(input), F(hidden), F(reverse), F(last_only), F(has_initial_h),
             F(has_initial_c), F(has_peepholes), F(has_lengths), F(input_forget), F(linear_before_reset), F(clip), F(f), F(g),
             F(h), F(f_alpha), F(f_beta), F(g_alpha), F(g_beta), F(h_alpha), F(h_beta)),
      RECORD(tmb_tree_ensemble_params, F(rows), F(features), F(trees), F(targets), F(width), F(aggregate), F(initial)),
      RECORD(tmb_squared_distance_params, F(rows), F(depth), F(cols)),
      RECORD(tmb_pair_coupling_params, F(rows), F(classes)),
      RECORD(tmb_copy_params, F(rank), F(element_bytes), F(dims), F(x_strides), F(y_strides), F(x_offset), F(y_offset)),
      RECORD(tmb_transpose_params, F(rows), F(cols), F(block), F(element_bytes)),
      RECORD(tmb_pad_params, F(rank), F(element_bytes), F(mode), F(in_dims), F(out_dims), F(before)),
      RECORD(tmb_gather_params, F(outer), F(axis_size), F(index_count), F(inner_bytes), F(index_bytes)),
      RECORD(tmb_gather_elements_params, F(rank), F(element_bytes), F(axis_size), F(axis_stride), F(dims), F(x_strides)),
      RECORD(tmb_gather_nd_params, F(batches), F(tuples), F(width), F(sizes), F(strides), F(batch_stride), F(slice_bytes)),
      RECORD(tmb_scatter_elements_params, F(rank), F(element_bytes), F(axis_size), F(axis_stride), F(dims), F(x_strides),
             F(count), F(kind), F(type)),
      RECORD(tmb_scatter_nd_params, F(tuples), F(width), F(sizes), F(strides), F(slice), F(element_bytes), F(count), F(kind),
             F(type)),
      RECORD(tmb_top_k_params, F(outer), F(depth), F(inner), F(k), F(smallest)),
      RECORD(tmb_non_zero_params, F(rank), F(dims)),
      RECORD(tmb_unique_params, F(outer), F(depth), F(inner), F(sorted)),
      RECORD(tmb_non_max_suppression_params, F(batches), F(classes), F(boxes), F(capacity), F(center_point)),
      RECORD(tmb_reverse_sequence_params, F(batch), F(time), F(batch_stride), F(time_stride), F(inner_bytes)),
      RECORD(tmb_cumsum_params, F(rank), F(dims), F(exclusive), F(reverse)),
      RECORD(tmb_det_params, F(count), F(size)),
      RECORD(tmb_dft_params, F(outer), F(in_size), F(inner), F(size), F(bins), F(is_complex), F(inverse)),
      RECORD(tmb_ngrams_params, F(rows), F(cols), F(size), F(count), F(max_skip)),
      RECORD(tmb_cast_params, F(count), F(from), F(to)),
      RECORD(tmb_quantize_params, F(count), F(scale), F(zero_point)),
      RECORD(tmb_requantize_params, F(count), F(in_zero_point), F(out_zero_point), F(multiplier), F(shift)),
      RECORD(tmb_clamp_s16_params, F(count), F(low), F(high)),
      RECORD(tmb_lookup_s16_params, F(count), F(shift)),
      RECORD(tmb_count_params, F(count)),
      RECORD(tmb_slide_params, F(bytes), F(distance)),
  };
  return all;
}

#undef RECORD
#undef CONVOLUTION
#undef CONV
#undef F

const Record *Record::lookup(llvm::StringRef name) {
  for (const Record &record : records())
    if (record.name == name)
      return &record;
  return nullptr;
}

static LogicalResult store(const RecordField &field, Attribute value, char *target) {
  if (field.count > 1) {
    auto array = dyn_cast<DenseI32ArrayAttr>(value);
    if (field.isFloat || !array || size_t(array.size()) > field.count)
      return failure();
    std::memcpy(target, array.asArrayRef().data(), array.size() * sizeof(int32_t));
    return success();
  }
  if (field.isFloat) {
    auto number = dyn_cast<FloatAttr>(value);
    if (!number || !number.getType().isF32())
      return failure();
    float converted = number.getValue().convertToFloat();
    std::memcpy(target, &converted, sizeof(converted));
    return success();
  }
  auto number = dyn_cast<IntegerAttr>(value);
  if (!number || !number.getType().isInteger(32))
    return failure();
  int32_t converted = int32_t(number.getInt());
  std::memcpy(target, &converted, sizeof(converted));
  return success();
}

FailureOr<std::vector<char>> Record::pack(DictionaryAttr params, llvm::function_ref<InFlightDiagnostic()> emitError) const {
  std::vector<char> result(bytes, 0);
  for (const RecordField &field : fields) {
    Attribute value = params.get(field.name);
    if (!value)
      return emitError() << "lacks the field '" << field.name << "' of " << name;
    if (failed(store(field, value, result.data() + field.offset)))
      return emitError() << "field '" << field.name << "' of " << name << " must be "
                         << (field.count > 1 ? "an array of at most " + std::to_string(field.count) + " i32"
                                             : std::string(field.isFloat ? "an f32" : "an i32"))
                         << ", got " << value;
  }
  if (params.size() != fields.size())
    for (NamedAttribute given : params)
      if (llvm::none_of(fields, [&](const RecordField &field) { return field.name == given.getName(); }))
        return emitError() << "gives a field '" << given.getName().getValue() << "' that " << name << " does not have";
  return result;
}
