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

template <typename Field> static RecordField describe(llvm::StringRef name, size_t offset) {
  using Element = std::remove_all_extents_t<Field>;
  static_assert(std::is_same_v<Element, int32_t> || std::is_same_v<Element, float>, "fields are int32_t or float");
  return {name, offset, std::is_same_v<Element, float>, sizeof(Field) / sizeof(Element)};
}

// The size of the struct must be that of the fields listed: one that is forgotten here does not compile.
template <typename Struct, size_t fieldBytes> static Record makeRecord(llvm::StringRef name, std::vector<RecordField> fields) {
  static_assert(sizeof(Struct) == fieldBytes, "a field of this record is missing in this list");
  return {name, sizeof(Struct), std::move(fields)};
}

#define FIELD(S, F) describe<decltype(S::F)>(#F, offsetof(S, F))

static const std::vector<Record> &records() {
  static const std::vector<Record> all = {
      makeRecord<tmb_conv2d_f32_params, sizeof(tmb_conv2d_f32_params::batch) + sizeof(tmb_conv2d_f32_params::in_h) +
                                            sizeof(tmb_conv2d_f32_params::in_w) + sizeof(tmb_conv2d_f32_params::in_c) +
                                            sizeof(tmb_conv2d_f32_params::out_h) + sizeof(tmb_conv2d_f32_params::out_w) +
                                            sizeof(tmb_conv2d_f32_params::out_c) + sizeof(tmb_conv2d_f32_params::kernel_h) +
                                            sizeof(tmb_conv2d_f32_params::kernel_w) + sizeof(tmb_conv2d_f32_params::stride_h) +
                                            sizeof(tmb_conv2d_f32_params::stride_w) +
                                            sizeof(tmb_conv2d_f32_params::dilation_h) +
                                            sizeof(tmb_conv2d_f32_params::dilation_w) + sizeof(tmb_conv2d_f32_params::pad_top) +
                                            sizeof(tmb_conv2d_f32_params::pad_left) + sizeof(tmb_conv2d_f32_params::groups) +
                                            sizeof(tmb_conv2d_f32_params::act_min) + sizeof(tmb_conv2d_f32_params::act_max)>(
          "tmb_conv2d_f32_params",
          {FIELD(tmb_conv2d_f32_params, batch), FIELD(tmb_conv2d_f32_params, in_h), FIELD(tmb_conv2d_f32_params, in_w),
           FIELD(tmb_conv2d_f32_params, in_c), FIELD(tmb_conv2d_f32_params, out_h), FIELD(tmb_conv2d_f32_params, out_w),
           FIELD(tmb_conv2d_f32_params, out_c), FIELD(tmb_conv2d_f32_params, kernel_h), FIELD(tmb_conv2d_f32_params, kernel_w),
           FIELD(tmb_conv2d_f32_params, stride_h), FIELD(tmb_conv2d_f32_params, stride_w),
           FIELD(tmb_conv2d_f32_params, dilation_h), FIELD(tmb_conv2d_f32_params, dilation_w),
           FIELD(tmb_conv2d_f32_params, pad_top), FIELD(tmb_conv2d_f32_params, pad_left), FIELD(tmb_conv2d_f32_params, groups),
           FIELD(tmb_conv2d_f32_params, act_min), FIELD(tmb_conv2d_f32_params, act_max)}),
      makeRecord<tmb_conv2d_s8_params, sizeof(tmb_conv2d_s8_params::batch) + sizeof(tmb_conv2d_s8_params::in_h) +
                                           sizeof(tmb_conv2d_s8_params::in_w) + sizeof(tmb_conv2d_s8_params::in_c) +
                                           sizeof(tmb_conv2d_s8_params::out_h) + sizeof(tmb_conv2d_s8_params::out_w) +
                                           sizeof(tmb_conv2d_s8_params::out_c) + sizeof(tmb_conv2d_s8_params::kernel_h) +
                                           sizeof(tmb_conv2d_s8_params::kernel_w) + sizeof(tmb_conv2d_s8_params::stride_h) +
                                           sizeof(tmb_conv2d_s8_params::stride_w) + sizeof(tmb_conv2d_s8_params::dilation_h) +
                                           sizeof(tmb_conv2d_s8_params::dilation_w) + sizeof(tmb_conv2d_s8_params::pad_top) +
                                           sizeof(tmb_conv2d_s8_params::pad_left) + sizeof(tmb_conv2d_s8_params::groups) +
                                           sizeof(tmb_conv2d_s8_params::in_zero_point) +
                                           sizeof(tmb_conv2d_s8_params::out_zero_point) + sizeof(tmb_conv2d_s8_params::shift) +
                                           sizeof(tmb_conv2d_s8_params::act_min) + sizeof(tmb_conv2d_s8_params::act_max)>(
          "tmb_conv2d_s8_params", {FIELD(tmb_conv2d_s8_params, batch),         FIELD(tmb_conv2d_s8_params, in_h),
                                   FIELD(tmb_conv2d_s8_params, in_w),          FIELD(tmb_conv2d_s8_params, in_c),
                                   FIELD(tmb_conv2d_s8_params, out_h),         FIELD(tmb_conv2d_s8_params, out_w),
                                   FIELD(tmb_conv2d_s8_params, out_c),         FIELD(tmb_conv2d_s8_params, kernel_h),
                                   FIELD(tmb_conv2d_s8_params, kernel_w),      FIELD(tmb_conv2d_s8_params, stride_h),
                                   FIELD(tmb_conv2d_s8_params, stride_w),      FIELD(tmb_conv2d_s8_params, dilation_h),
                                   FIELD(tmb_conv2d_s8_params, dilation_w),    FIELD(tmb_conv2d_s8_params, pad_top),
                                   FIELD(tmb_conv2d_s8_params, pad_left),      FIELD(tmb_conv2d_s8_params, groups),
                                   FIELD(tmb_conv2d_s8_params, in_zero_point), FIELD(tmb_conv2d_s8_params, out_zero_point),
                                   FIELD(tmb_conv2d_s8_params, shift),         FIELD(tmb_conv2d_s8_params, act_min),
                                   FIELD(tmb_conv2d_s8_params, act_max)}),
      makeRecord<tmb_fully_connected_f32_params,
                 sizeof(tmb_fully_connected_f32_params::rows) + sizeof(tmb_fully_connected_f32_params::depth) +
                     sizeof(tmb_fully_connected_f32_params::cols) + sizeof(tmb_fully_connected_f32_params::act_min) +
                     sizeof(tmb_fully_connected_f32_params::act_max)>(
          "tmb_fully_connected_f32_params",
          {FIELD(tmb_fully_connected_f32_params, rows), FIELD(tmb_fully_connected_f32_params, depth),
           FIELD(tmb_fully_connected_f32_params, cols), FIELD(tmb_fully_connected_f32_params, act_min),
           FIELD(tmb_fully_connected_f32_params, act_max)}),
      makeRecord<tmb_fully_connected_s8_params,
                 sizeof(tmb_fully_connected_s8_params::rows) + sizeof(tmb_fully_connected_s8_params::depth) +
                     sizeof(tmb_fully_connected_s8_params::cols) + sizeof(tmb_fully_connected_s8_params::out_zero_point) +
                     sizeof(tmb_fully_connected_s8_params::shift) + sizeof(tmb_fully_connected_s8_params::act_min) +
                     sizeof(tmb_fully_connected_s8_params::act_max)>(
          "tmb_fully_connected_s8_params",
          {FIELD(tmb_fully_connected_s8_params, rows), FIELD(tmb_fully_connected_s8_params, depth),
           FIELD(tmb_fully_connected_s8_params, cols), FIELD(tmb_fully_connected_s8_params, out_zero_point),
           FIELD(tmb_fully_connected_s8_params, shift), FIELD(tmb_fully_connected_s8_params, act_min),
           FIELD(tmb_fully_connected_s8_params, act_max)}),
      makeRecord<tmb_matmul_f32_params,
                 sizeof(tmb_matmul_f32_params::batch_rank) + sizeof(tmb_matmul_f32_params::batch_dims) +
                     sizeof(tmb_matmul_f32_params::a_batch_strides) + sizeof(tmb_matmul_f32_params::b_batch_strides) +
                     sizeof(tmb_matmul_f32_params::rows) + sizeof(tmb_matmul_f32_params::depth) +
                     sizeof(tmb_matmul_f32_params::cols) + sizeof(tmb_matmul_f32_params::a_row_stride) +
                     sizeof(tmb_matmul_f32_params::a_col_stride) + sizeof(tmb_matmul_f32_params::b_row_stride) +
                     sizeof(tmb_matmul_f32_params::b_col_stride)>(
          "tmb_matmul_f32_params",
          {FIELD(tmb_matmul_f32_params, batch_rank), FIELD(tmb_matmul_f32_params, batch_dims),
           FIELD(tmb_matmul_f32_params, a_batch_strides), FIELD(tmb_matmul_f32_params, b_batch_strides),
           FIELD(tmb_matmul_f32_params, rows), FIELD(tmb_matmul_f32_params, depth), FIELD(tmb_matmul_f32_params, cols),
           FIELD(tmb_matmul_f32_params, a_row_stride), FIELD(tmb_matmul_f32_params, a_col_stride),
           FIELD(tmb_matmul_f32_params, b_row_stride), FIELD(tmb_matmul_f32_params, b_col_stride)}),
      makeRecord<tmb_matmul_s8_params,
                 sizeof(tmb_matmul_s8_params::batch_rank) + sizeof(tmb_matmul_s8_params::batch_dims) +
                     sizeof(tmb_matmul_s8_params::a_batch_strides) + sizeof(tmb_matmul_s8_params::b_batch_strides) +
                     sizeof(tmb_matmul_s8_params::rows) + sizeof(tmb_matmul_s8_params::depth) +
                     sizeof(tmb_matmul_s8_params::cols) + sizeof(tmb_matmul_s8_params::a_row_stride) +
                     sizeof(tmb_matmul_s8_params::a_col_stride) + sizeof(tmb_matmul_s8_params::b_row_stride) +
                     sizeof(tmb_matmul_s8_params::b_col_stride) + sizeof(tmb_matmul_s8_params::a_zero_point) +
                     sizeof(tmb_matmul_s8_params::b_zero_point) + sizeof(tmb_matmul_s8_params::out_zero_point) +
                     sizeof(tmb_matmul_s8_params::multiplier) + sizeof(tmb_matmul_s8_params::shift)>(
          "tmb_matmul_s8_params", {FIELD(tmb_matmul_s8_params, batch_rank), FIELD(tmb_matmul_s8_params, batch_dims),
                                   FIELD(tmb_matmul_s8_params, a_batch_strides), FIELD(tmb_matmul_s8_params, b_batch_strides),
                                   FIELD(tmb_matmul_s8_params, rows), FIELD(tmb_matmul_s8_params, depth),
                                   FIELD(tmb_matmul_s8_params, cols), FIELD(tmb_matmul_s8_params, a_row_stride),
                                   FIELD(tmb_matmul_s8_params, a_col_stride), FIELD(tmb_matmul_s8_params, b_row_stride),
                                   FIELD(tmb_matmul_s8_params, b_col_stride), FIELD(tmb_matmul_s8_params, a_zero_point),
                                   FIELD(tmb_matmul_s8_params, b_zero_point), FIELD(tmb_matmul_s8_params, out_zero_point),
                                   FIELD(tmb_matmul_s8_params, multiplier), FIELD(tmb_matmul_s8_params, shift)}),
      makeRecord<tmb_unary_params,
                 sizeof(tmb_unary_params::count) + sizeof(tmb_unary_params::alpha) + sizeof(tmb_unary_params::beta)>(
          "tmb_unary_params", {FIELD(tmb_unary_params, count), FIELD(tmb_unary_params, alpha), FIELD(tmb_unary_params, beta)}),
      makeRecord<tmb_binary_params, sizeof(tmb_binary_params::rank) + sizeof(tmb_binary_params::dims) +
                                        sizeof(tmb_binary_params::a_strides) + sizeof(tmb_binary_params::b_strides)>(
          "tmb_binary_params", {FIELD(tmb_binary_params, rank), FIELD(tmb_binary_params, dims),
                                FIELD(tmb_binary_params, a_strides), FIELD(tmb_binary_params, b_strides)}),
      makeRecord<tmb_add_s8_params, sizeof(tmb_add_s8_params::rank) + sizeof(tmb_add_s8_params::dims) +
                                        sizeof(tmb_add_s8_params::a_strides) + sizeof(tmb_add_s8_params::b_strides) +
                                        sizeof(tmb_add_s8_params::a_multiplier) + sizeof(tmb_add_s8_params::b_multiplier) +
                                        sizeof(tmb_add_s8_params::offset) + sizeof(tmb_add_s8_params::shift) +
                                        sizeof(tmb_add_s8_params::act_min) + sizeof(tmb_add_s8_params::act_max)>(
          "tmb_add_s8_params",
          {FIELD(tmb_add_s8_params, rank), FIELD(tmb_add_s8_params, dims), FIELD(tmb_add_s8_params, a_strides),
           FIELD(tmb_add_s8_params, b_strides), FIELD(tmb_add_s8_params, a_multiplier), FIELD(tmb_add_s8_params, b_multiplier),
           FIELD(tmb_add_s8_params, offset), FIELD(tmb_add_s8_params, shift), FIELD(tmb_add_s8_params, act_min),
           FIELD(tmb_add_s8_params, act_max)}),
      makeRecord<tmb_mul_s8_params, sizeof(tmb_mul_s8_params::rank) + sizeof(tmb_mul_s8_params::dims) +
                                        sizeof(tmb_mul_s8_params::a_strides) + sizeof(tmb_mul_s8_params::b_strides) +
                                        sizeof(tmb_mul_s8_params::a_zero_point) + sizeof(tmb_mul_s8_params::b_zero_point) +
                                        sizeof(tmb_mul_s8_params::out_zero_point) + sizeof(tmb_mul_s8_params::multiplier) +
                                        sizeof(tmb_mul_s8_params::shift) + sizeof(tmb_mul_s8_params::act_min) +
                                        sizeof(tmb_mul_s8_params::act_max)>(
          "tmb_mul_s8_params",
          {FIELD(tmb_mul_s8_params, rank), FIELD(tmb_mul_s8_params, dims), FIELD(tmb_mul_s8_params, a_strides),
           FIELD(tmb_mul_s8_params, b_strides), FIELD(tmb_mul_s8_params, a_zero_point), FIELD(tmb_mul_s8_params, b_zero_point),
           FIELD(tmb_mul_s8_params, out_zero_point), FIELD(tmb_mul_s8_params, multiplier), FIELD(tmb_mul_s8_params, shift),
           FIELD(tmb_mul_s8_params, act_min), FIELD(tmb_mul_s8_params, act_max)}),
      makeRecord<tmb_select_params, sizeof(tmb_select_params::rank) + sizeof(tmb_select_params::element_bytes) +
                                        sizeof(tmb_select_params::dims) + sizeof(tmb_select_params::c_strides) +
                                        sizeof(tmb_select_params::a_strides) + sizeof(tmb_select_params::b_strides)>(
          "tmb_select_params",
          {FIELD(tmb_select_params, rank), FIELD(tmb_select_params, element_bytes), FIELD(tmb_select_params, dims),
           FIELD(tmb_select_params, c_strides), FIELD(tmb_select_params, a_strides), FIELD(tmb_select_params, b_strides)}),
      makeRecord<tmb_softmax_params,
                 sizeof(tmb_softmax_params::outer) + sizeof(tmb_softmax_params::depth) + sizeof(tmb_softmax_params::inner)>(
          "tmb_softmax_params",
          {FIELD(tmb_softmax_params, outer), FIELD(tmb_softmax_params, depth), FIELD(tmb_softmax_params, inner)}),
      makeRecord<tmb_pool2d_params, sizeof(tmb_pool2d_params::batch) + sizeof(tmb_pool2d_params::in_h) +
                                        sizeof(tmb_pool2d_params::in_w) + sizeof(tmb_pool2d_params::channels) +
                                        sizeof(tmb_pool2d_params::out_h) + sizeof(tmb_pool2d_params::out_w) +
                                        sizeof(tmb_pool2d_params::kernel_h) + sizeof(tmb_pool2d_params::kernel_w) +
                                        sizeof(tmb_pool2d_params::stride_h) + sizeof(tmb_pool2d_params::stride_w) +
                                        sizeof(tmb_pool2d_params::dilation_h) + sizeof(tmb_pool2d_params::dilation_w) +
                                        sizeof(tmb_pool2d_params::pad_top) + sizeof(tmb_pool2d_params::pad_left) +
                                        sizeof(tmb_pool2d_params::pad_bottom) + sizeof(tmb_pool2d_params::pad_right) +
                                        sizeof(tmb_pool2d_params::count_include_pad)>(
          "tmb_pool2d_params",
          {FIELD(tmb_pool2d_params, batch), FIELD(tmb_pool2d_params, in_h), FIELD(tmb_pool2d_params, in_w),
           FIELD(tmb_pool2d_params, channels), FIELD(tmb_pool2d_params, out_h), FIELD(tmb_pool2d_params, out_w),
           FIELD(tmb_pool2d_params, kernel_h), FIELD(tmb_pool2d_params, kernel_w), FIELD(tmb_pool2d_params, stride_h),
           FIELD(tmb_pool2d_params, stride_w), FIELD(tmb_pool2d_params, dilation_h), FIELD(tmb_pool2d_params, dilation_w),
           FIELD(tmb_pool2d_params, pad_top), FIELD(tmb_pool2d_params, pad_left), FIELD(tmb_pool2d_params, pad_bottom),
           FIELD(tmb_pool2d_params, pad_right), FIELD(tmb_pool2d_params, count_include_pad)}),
      makeRecord<tmb_reduce_params, sizeof(tmb_reduce_params::kept_rank) + sizeof(tmb_reduce_params::reduced_rank) +
                                        sizeof(tmb_reduce_params::kept_dims) + sizeof(tmb_reduce_params::kept_strides) +
                                        sizeof(tmb_reduce_params::reduced_dims) + sizeof(tmb_reduce_params::reduced_strides)>(
          "tmb_reduce_params", {FIELD(tmb_reduce_params, kept_rank), FIELD(tmb_reduce_params, reduced_rank),
                                FIELD(tmb_reduce_params, kept_dims), FIELD(tmb_reduce_params, kept_strides),
                                FIELD(tmb_reduce_params, reduced_dims), FIELD(tmb_reduce_params, reduced_strides)}),
      makeRecord<tmb_mean_s8_params, sizeof(tmb_mean_s8_params::kept_rank) + sizeof(tmb_mean_s8_params::reduced_rank) +
                                         sizeof(tmb_mean_s8_params::kept_dims) + sizeof(tmb_mean_s8_params::kept_strides) +
                                         sizeof(tmb_mean_s8_params::reduced_dims) +
                                         sizeof(tmb_mean_s8_params::reduced_strides) + sizeof(tmb_mean_s8_params::bias) +
                                         sizeof(tmb_mean_s8_params::multiplier) + sizeof(tmb_mean_s8_params::shift) +
                                         sizeof(tmb_mean_s8_params::out_zero_point)>(
          "tmb_mean_s8_params",
          {FIELD(tmb_mean_s8_params, kept_rank), FIELD(tmb_mean_s8_params, reduced_rank), FIELD(tmb_mean_s8_params, kept_dims),
           FIELD(tmb_mean_s8_params, kept_strides), FIELD(tmb_mean_s8_params, reduced_dims),
           FIELD(tmb_mean_s8_params, reduced_strides), FIELD(tmb_mean_s8_params, bias), FIELD(tmb_mean_s8_params, multiplier),
           FIELD(tmb_mean_s8_params, shift), FIELD(tmb_mean_s8_params, out_zero_point)}),
      makeRecord<tmb_arg_params, sizeof(tmb_arg_params::outer) + sizeof(tmb_arg_params::depth) + sizeof(tmb_arg_params::inner) +
                                     sizeof(tmb_arg_params::select_last)>(
          "tmb_arg_params", {FIELD(tmb_arg_params, outer), FIELD(tmb_arg_params, depth), FIELD(tmb_arg_params, inner),
                             FIELD(tmb_arg_params, select_last)}),
      makeRecord<tmb_layer_norm_params, sizeof(tmb_layer_norm_params::outer) + sizeof(tmb_layer_norm_params::depth) +
                                            sizeof(tmb_layer_norm_params::epsilon)>(
          "tmb_layer_norm_params",
          {FIELD(tmb_layer_norm_params, outer), FIELD(tmb_layer_norm_params, depth), FIELD(tmb_layer_norm_params, epsilon)}),
      makeRecord<tmb_copy_params, sizeof(tmb_copy_params::rank) + sizeof(tmb_copy_params::element_bytes) +
                                      sizeof(tmb_copy_params::dims) + sizeof(tmb_copy_params::x_strides) +
                                      sizeof(tmb_copy_params::y_strides) + sizeof(tmb_copy_params::x_offset) +
                                      sizeof(tmb_copy_params::y_offset)>(
          "tmb_copy_params", {FIELD(tmb_copy_params, rank), FIELD(tmb_copy_params, element_bytes), FIELD(tmb_copy_params, dims),
                              FIELD(tmb_copy_params, x_strides), FIELD(tmb_copy_params, y_strides),
                              FIELD(tmb_copy_params, x_offset), FIELD(tmb_copy_params, y_offset)}),
      makeRecord<tmb_pad_params, sizeof(tmb_pad_params::rank) + sizeof(tmb_pad_params::element_bytes) +
                                     sizeof(tmb_pad_params::mode) + sizeof(tmb_pad_params::in_dims) +
                                     sizeof(tmb_pad_params::out_dims) + sizeof(tmb_pad_params::before)>(
          "tmb_pad_params", {FIELD(tmb_pad_params, rank), FIELD(tmb_pad_params, element_bytes), FIELD(tmb_pad_params, mode),
                             FIELD(tmb_pad_params, in_dims), FIELD(tmb_pad_params, out_dims), FIELD(tmb_pad_params, before)}),
      makeRecord<tmb_gather_params, sizeof(tmb_gather_params::outer) + sizeof(tmb_gather_params::axis_size) +
                                        sizeof(tmb_gather_params::index_count) + sizeof(tmb_gather_params::inner_bytes) +
                                        sizeof(tmb_gather_params::index_bytes)>(
          "tmb_gather_params",
          {FIELD(tmb_gather_params, outer), FIELD(tmb_gather_params, axis_size), FIELD(tmb_gather_params, index_count),
           FIELD(tmb_gather_params, inner_bytes), FIELD(tmb_gather_params, index_bytes)}),
      makeRecord<tmb_cast_params, sizeof(tmb_cast_params::count) + sizeof(tmb_cast_params::from) + sizeof(tmb_cast_params::to)>(
          "tmb_cast_params", {FIELD(tmb_cast_params, count), FIELD(tmb_cast_params, from), FIELD(tmb_cast_params, to)}),
      makeRecord<tmb_quantize_params, sizeof(tmb_quantize_params::count) + sizeof(tmb_quantize_params::scale) +
                                          sizeof(tmb_quantize_params::zero_point)>(
          "tmb_quantize_params",
          {FIELD(tmb_quantize_params, count), FIELD(tmb_quantize_params, scale), FIELD(tmb_quantize_params, zero_point)}),
      makeRecord<tmb_requantize_params, sizeof(tmb_requantize_params::count) + sizeof(tmb_requantize_params::in_zero_point) +
                                            sizeof(tmb_requantize_params::out_zero_point) +
                                            sizeof(tmb_requantize_params::multiplier) + sizeof(tmb_requantize_params::shift)>(
          "tmb_requantize_params", {FIELD(tmb_requantize_params, count), FIELD(tmb_requantize_params, in_zero_point),
                                    FIELD(tmb_requantize_params, out_zero_point), FIELD(tmb_requantize_params, multiplier),
                                    FIELD(tmb_requantize_params, shift)}),
      makeRecord<tmb_count_params, sizeof(tmb_count_params::count)>("tmb_count_params", {FIELD(tmb_count_params, count)}),
  };
  return all;
}

#undef FIELD

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
