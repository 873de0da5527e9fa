// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a handler sees of the node that it legalizes: attributes, operands, and emission of nn operations.
#pragma once

#include "compiler/support/Constants.h"
#include "dialects/nn/NNDialect.h"
#include "dialects/onnx/OnnxDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "passes/legalize/BoundedSizes.h"

namespace thimble::legalize {

using Shape = llvm::SmallVector<int64_t>;
using ShapeRef = llvm::ArrayRef<int64_t>;

/// Dimensions of a value; empty for null, which stands for a value that could not be emitted.
ShapeRef shapeOf(mlir::Value value);
/// Element type of a value; null for null.
mlir::Type elementOf(mlir::Value value);
bool isF32(mlir::Value value);
bool isInteger(mlir::Value value); // of any width but i1
bool isBoolean(mlir::Value value);
/// True for floats of 16 and 64 bits: they are stored at the borders of a model and computed as f32.
bool isComputedAsF32(mlir::Type element);
/// True if `value` is an nn.constant.
bool isConstant(mlir::Value value);

/// Product of the dimensions, or nothing if it exceeds 63 bits or one is negative.
std::optional<int64_t> elementCount(ShapeRef shape);
/// begin, begin + 1, ... end - 1
Shape sequence(int64_t begin, int64_t end);
/// "2x3", or "scalar".
std::string shapeText(ShapeRef shape);
std::string typeText(mlir::Type type);

/// Emission never throws and never needs checks in between: after the first error every emitting function returns null, and
/// setResult fails. So a handler reads as the formula that it implements. Only where it looks at the shape of a value that it
/// emitted itself must it take care (shapeOf of null is empty).
class NodeBinder {
public:
  using ValueMap = llvm::DenseMap<mlir::Value, mlir::Value>;
  /// Legalizes a body of the node in place of the node and returns what it yields.
  using InlineBody =
      std::function<mlir::FailureOr<llvm::SmallVector<mlir::Value>>(mlir::Region &, llvm::ArrayRef<mlir::Value> arguments)>;

  NodeBinder(onnx::NodeOp node, mlir::OpBuilder &builder, ValueMap &values, InlineBody inlineBody);

  // The node.

  onnx::NodeOp getNode() { return node; }
  llvm::StringRef getOpType() { return node.getOpType(); }
  int64_t getOpset() { return node.getOpset(); }
  mlir::Location getLoc() { return node.getLoc(); }
  mlir::OpBuilder &getBuilder() { return builder; }

  /// Emits the error "<operator>: <message>" at the node, unless it has one already.
  mlir::LogicalResult fail(const llvm::Twine &message);
  bool hasFailed() const { return isFailed; }
  /// Warns of attributes that no getter has asked for: what they demand is not done.
  void warnOfUnreadAttributes();

  // Attributes. An attribute of the wrong kind is an error, after which the fallback is returned.

  bool has(llvm::StringRef name);
  int64_t integer(llvm::StringRef name, int64_t fallback);
  bool flag(llvm::StringRef name, bool fallback) { return integer(name, fallback) != 0; }
  float real(llvm::StringRef name, float fallback);
  llvm::StringRef text(llvm::StringRef name, llvm::StringRef fallback);
  Shape integers(llvm::StringRef name, ShapeRef fallback = {});
  llvm::SmallVector<float> reals(llvm::StringRef name);
  llvm::SmallVector<llvm::StringRef> texts(llvm::StringRef name);
  mlir::ElementsAttr tensor(llvm::StringRef name);
  /// Attributes that mean nothing for inference.
  void ignore(llvm::ArrayRef<llvm::StringRef> names);

  // Operands and results.

  size_t getOperandCount() { return node.getInputs().size(); }
  /// Operand `index`, or null if it is left out.
  mlir::Value operand(size_t index);
  /// The elements of an integer operand that the compiler must know. Null data if the operand is left out.
  mlir::FailureOr<Shape> constantIntegers(size_t index, llvm::StringRef name);
  /// As above, with one element.
  mlir::FailureOr<int64_t> constantInteger(size_t index, llvm::StringRef name);
  bool isResultUsed(size_t index);
  mlir::LogicalResult setResult(size_t index, mlir::Value value);
  /// For operators that give one result.
  mlir::LogicalResult setResult(mlir::Value value) { return setResult(0, value); }
  /// A result of which only the first `size` (i64 [1]) positions of a dimension count. What is known at compile time is cut.
  mlir::LogicalResult setBounded(size_t index, mlir::Value value, int64_t dimension, mlir::Value size);
  /// Result `index` as it was set, or null.
  mlir::Value result(size_t index) {
    return index < node.getOutputs().size() ? values.lookup(node.getOutputs()[index]) : mlir::Value();
  }
  /// Where setBounded notes the sizes.
  void trackSizes(SizeMap &map) { sizes = &map; }
  /// Legalizes the body `name` in place of the node, with these values for its inputs, and returns what it yields. May be called
  /// again and again, which unrolls a loop.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> inlineBody(llvm::StringRef name, llvm::ArrayRef<mlir::Value> arguments = {});
  /// The shape that the file declares for a result, for operators whose result depends on values that are known at run time only.
  /// Nothing if it declares none, or leaves a dimension open.
  std::optional<Shape> declaredShape(size_t index = 0);
  /// The same where `parameter` is such a value: an error if nothing is declared.
  mlir::FailureOr<Shape> shapeInsteadOf(llvm::StringRef parameter, size_t index = 0);

  /// Index from the front, for an axis that may count from the end; fails if it is outside the rank.
  mlir::FailureOr<int64_t> axis(int64_t axis, size_t rank);
  /// Each of `axes` as above, sorted; fails on duplicates.
  mlir::FailureOr<Shape> axes(ShapeRef axes, size_t rank);

  // Emission of any operation: its result type is inferred, errors are reported at the node, and what only depends on constants
  // is computed at once.

  template <typename Op, typename... Args> mlir::Value emit(Args &&...args) {
    if (hasFailed())
      return {};
    mlir::OperationState state(getLoc(), Op::getOperationName());
    Op::build(builder, state, builder.getNoneType(), std::forward<Args>(args)...);
    return infer(state, [&](llvm::SmallVectorImpl<mlir::Type> &types) {
      return Op::inferReturnTypes(builder.getContext(), getLoc(), state.operands,
                                  state.attributes.getDictionary(builder.getContext()), state.getRawProperties(),
                                  mlir::RegionRange(), types);
    });
  }
  /// For operations whose result type must be given.
  template <typename Op, typename... Args> mlir::Value emitAs(ShapeRef shape, mlir::Type element, Args &&...args) {
    if (hasFailed() || mlir::failed(checkSize(shape, element)))
      return {};
    mlir::OperationState state(getLoc(), Op::getOperationName());
    Op::build(builder, state, mlir::RankedTensorType::get(shape, element), std::forward<Args>(args)...);
    return create(state);
  }

  /// For operations with several results, whose types must be given. Empty after an error.
  template <typename Op, typename... Args> llvm::SmallVector<mlir::Value> emitAll(mlir::TypeRange types, Args &&...args) {
    if (hasFailed())
      return {};
    for (mlir::Type type : types)
      if (mlir::failed(checkSize(mlir::cast<mlir::RankedTensorType>(type).getShape(),
                                 mlir::cast<mlir::RankedTensorType>(type).getElementType())))
        return {};
    mlir::OperationState state(getLoc(), Op::getOperationName());
    Op::build(builder, state, types, std::forward<Args>(args)...);
    return createAll(state);
  }

  // Emission of common operations (NodeEmit.cpp). Element types are checked. Integers that kernels do not compute with are
  // widened and the result is narrowed again.

  mlir::Value constant(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes);
  template <typename T> mlir::Value constant(ShapeRef shape, mlir::Type element, llvm::ArrayRef<T> data) {
    return constant(mlir::RankedTensorType::get(shape, element),
                    llvm::ArrayRef<char>(reinterpret_cast<const char *>(data.data()), data.size() * sizeof(T)));
  }
  /// f32 from f16, bf16 and f64 data; any other as it is.
  mlir::Value constant(mlir::ElementsAttr value);
  mlir::Value scalar(mlir::Type element, double value);
  mlir::Value scalar(float value) { return scalar(builder.getF32Type(), value); }
  mlir::Value filled(ShapeRef shape, mlir::Type element, double value) { return broadcast(scalar(element, value), shape); }
  mlir::Value integerVector(ShapeRef values);

  mlir::Value reshape(mlir::Value x, ShapeRef shape);
  mlir::Value transpose(mlir::Value x, ShapeRef permutation);
  mlir::Value broadcast(mlir::Value x, ShapeRef shape);
  /// Elements [begin, begin + size) of dimension `axis`.
  mlir::Value slice(mlir::Value x, int64_t axis, int64_t begin, int64_t size);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> inputs, int64_t axis);
  mlir::Value cast(mlir::Value x, mlir::Type element);
  /// As ONNX's Cast: elements of 16-bit floats are rounded to such ones, and stay f32.
  mlir::Value castToStored(mlir::Value x, mlir::Type element);
  mlir::Value unary(nn::UnaryKind kind, mlir::Value x, float alpha = 0, float beta = 0);
  mlir::Value binary(nn::BinaryKind kind, mlir::Value a, mlir::Value b);
  mlir::Value compare(nn::CompareKind kind, mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value reduce(nn::ReduceKind kind, mlir::Value x, ShapeRef axes, bool keepDims);
  mlir::Value matmul(mlir::Value a, mlir::Value b, bool transposeA = false, bool transposeB = false);

  mlir::Value add(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Add, a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Sub, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Mul, a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Div, a, b); }

  /// Unsigned 64-bit integers as signed ones that are in the same order, and back.
  mlir::Value toDouble(mlir::Value x);
  mlir::Value toOrdered(mlir::Value x);
  mlir::Value fromOrdered(mlir::Value x);

  /// Fails if a table of `count` entries, which a handler computes, would be out of proportion.
  mlir::LogicalResult checkTable(int64_t count);
  /// Fails unless `value`, which messages call `name`, has f32 elements.
  mlir::LogicalResult needFloat(mlir::Value value, llvm::StringRef name);

private:
  mlir::Attribute attribute(llvm::StringRef name);
  template <typename T> T attribute(llvm::StringRef name, llvm::StringRef kind);
  mlir::Value infer(mlir::OperationState &state,
                    llvm::function_ref<mlir::LogicalResult(llvm::SmallVectorImpl<mlir::Type> &)> fn);
  mlir::Value create(mlir::OperationState &state);
  llvm::SmallVector<mlir::Value> createAll(mlir::OperationState &state);
  mlir::LogicalResult checkSize(ShapeRef shape, mlir::Type element);
  /// Runs `fn`; its errors become errors of the node.
  mlir::LogicalResult guarded(llvm::function_ref<mlir::LogicalResult()> fn, bool mayFailSilently = false);
  /// The element type in which kernels compute `element`'s arithmetic; null after an error.
  mlir::Type computeType(mlir::Type element);
  onnx::NodeOp node;
  mlir::OpBuilder &builder;
  ValueMap &values;
  InlineBody inlineRegion;
  llvm::SmallVector<llvm::StringRef> known; // names of attributes that were asked for
  SizeMap *sizes = nullptr;
  bool isFailed = false;
};

} // namespace thimble::legalize
