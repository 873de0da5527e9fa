// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared by the Select*.cpp files: writing down a kernel call, and walking N-dimensional shapes.
#pragma once

#include "codegen/kernels/KernelCall.h"
#include "compiler/support/Constants.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/IR/Builders.h"
#include "thimble/tmb_abi.h"

namespace thimble::kernels {

using Calls = std::vector<KernelCall>;
using Shape = llvm::SmallVector<int64_t>;

inline mlir::RankedTensorType tensorType(mlir::Value value) { return mlir::cast<mlir::RankedTensorType>(value.getType()); }
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return tensorType(value).getShape(); }
inline mlir::Type elementOf(mlir::Value value) { return tensorType(value).getElementType(); }

/// The suffix of kernels for elements of `type`: "f32", "s8", ..., or "" if there are none.
llvm::StringRef suffixOf(mlir::Type type);

/// Product of dimensions of a tensor that exists, so it fits.
inline int64_t product(llvm::ArrayRef<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= dim;
  return count;
}

/// Row-major strides of `shape`.
Shape denseStrides(llvm::ArrayRef<int64_t> shape);

/// Strides to walk `shape` as if it were broadcast to `target`.
Shape broadcastStrides(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> target);

/// A walk over `dims` with one list of strides for each tensor. Merges dimensions that all tensors walk as one.
struct Walk {
  Shape dims;
  llvm::SmallVector<Shape> strides;
  void merge();
};

/// Integer clamp of an int8 result: its storage range, narrowed to the real range `act`.
std::pair<int64_t, int64_t> int8Clamp(mlir::quant::UniformQuantizedType type, std::pair<float, float> act);

/// The integers of an int8 sum, as tmb_add_s8 has them; shift is 0 if the scales differ too much.
struct SumNumbers {
  int64_t aMultiplier, bMultiplier, offset, shift;
};

/// Those of a + b, or a - b. Multipliers have 15 bits, or 20 if sums must round as the model's own do.
SumNumbers int8Sum(mlir::quant::UniformQuantizedType a, mlir::quant::UniformQuantizedType b,
                   mlir::quant::UniformQuantizedType y, bool subtracts, bool isExact);

/// The constant of tmb_softmax_s8 for scores of this type.
NewConstant int8Exponentials(mlir::quant::UniformQuantizedType type);

/// Builds one call; the first problem becomes an error on the operation when finish() is called.
class CallBuilder {
public:
  CallBuilder(mlir::Operation *op, llvm::StringRef kernel);

  CallBuilder &argument(Argument argument);
  CallBuilder &operand(unsigned index) { return argument({Argument::Operand, index}); }
  template <typename T> CallBuilder &constant(llvm::StringRef name, mlir::Type elementType, llvm::ArrayRef<T> values) {
    auto type = mlir::RankedTensorType::get({int64_t(values.size())}, elementType);
    const char *bytes = reinterpret_cast<const char *>(values.data());
    return constant(NewConstant{name.str(), type, std::vector<char>(bytes, bytes + values.size() * sizeof(T))});
  }
  CallBuilder &constant(NewConstant constant);
  /// The results that the kernel writes, in the order of its prototype; the first one unless this is called.
  CallBuilder &results(llvm::ArrayRef<unsigned> indices);
  /// Bytes of working memory that the kernel gets, aligned to 8.
  CallBuilder &scratch(int64_t bytes);
  /// The output may share bytes with the first input if it starts at least `distance` bytes before it.
  CallBuilder &overlap(int64_t distance);
  CallBuilder &field(llvm::StringRef name, int64_t value);
  CallBuilder &field(llvm::StringRef name, llvm::ArrayRef<int64_t> values);
  CallBuilder &real(llvm::StringRef name, double value);
  CallBuilder &macs(int64_t count);
  CallBuilder &fail(const llvm::Twine &reason);

  /// The fields `multiplier` and `shift`, with `prefix` before their names, for `factor`.
  CallBuilder &requantFields(double factor, llvm::StringRef prefix = "");

  /// Fails with an error on the operation if anything went wrong.
  mlir::FailureOr<KernelCall> finish();
  /// The same as a list of one call.
  mlir::FailureOr<Calls> finishAlone();

private:
  mlir::Operation *op;
  mlir::Builder builder;
  KernelCall call;
  llvm::SmallVector<mlir::NamedAttribute> fields;
  std::string problem;
};

/// The error that no kernel does `kind` for elements of this type.
mlir::FailureOr<Calls> noKernel(mlir::Operation *op, llvm::StringRef kind, mlir::Type element);

/// The constant weights of a depthwise convolution, [out_c][kernel_h][kernel_w][1], as [kernel_h][kernel_w][out_c].
NewConstant transposedDepthwise(mlir::Value weights, const ConstantData &data);

/// Fields of a walk over the result with two operands: rank, dims, a_strides, b_strides.
void binaryFields(CallBuilder &call, mlir::Value a, mlir::Value b, mlir::Value y);

/// The fields of a quantized convolution that say where its windows are. Fails with an error if a size is out of proportion.
mlir::FailureOr<tmb_conv2d_s8_params> int8Geometry(nn::Conv2DOp op);

/// True for operations on int16 that selectInt16 knows; the others are found by the suffix of their kernels, or move bytes.
bool isInt16Arithmetic(mlir::Operation *op);

// One function for each family of operations, and for the int8 forms of those whose constants need work.
mlir::FailureOr<Calls> selectInt8Conv2D(nn::Conv2DOp op);
mlir::FailureOr<Calls> selectInt8FullyConnected(nn::FullyConnectedOp op);
// One function for each family of operations.
mlir::FailureOr<Calls> selectAttention(nn::AttentionOp op);
mlir::FailureOr<Calls> selectClassical(mlir::Operation *op);
mlir::FailureOr<Calls> selectConvolution(mlir::Operation *op);
mlir::FailureOr<Calls> selectElementwise(mlir::Operation *op);
mlir::FailureOr<Calls> selectRecurrent(mlir::Operation *op);
mlir::FailureOr<Calls> selectInt8Recurrent(mlir::Operation *op);
mlir::FailureOr<Calls> selectIndexing(mlir::Operation *op);
mlir::FailureOr<Calls> selectInt16(mlir::Operation *op);
mlir::FailureOr<Calls> selectReduction(mlir::Operation *op);
mlir::FailureOr<Calls> selectSampling(mlir::Operation *op);
mlir::FailureOr<Calls> selectShape(mlir::Operation *op);
mlir::FailureOr<Calls> selectSignal(mlir::Operation *op);

} // namespace thimble::kernels
