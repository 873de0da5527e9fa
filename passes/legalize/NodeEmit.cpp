// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emitting nn operations for a node, verified and folded.
#include "compiler/execute/Executor.h"
#include "mlir/IR/Verifier.h"
#include "passes/legalize/NodeBinder.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

LogicalResult NodeBinder::guarded(llvm::function_ref<LogicalResult()> fn, bool mayFailSilently) {
  std::string message;
  LogicalResult result = success();
  {
    ScopedDiagnosticHandler handler(builder.getContext(), [&](Diagnostic &diagnostic) {
      llvm::StringRef text = message.empty() ? "" : "; ";
      message += text.str() + diagnostic.str();
      return success();
    });
    result = fn();
  }
  if (succeeded(result) || (mayFailSilently && message.empty()))
    return result;
  // "'nn.add' op needs ...": the user knows the node and its ONNX operator, not ours.
  llvm::StringRef shown = message;
  if (shown.consume_front("'nn."))
    shown = shown.split("' op ").second;
  return fail(shown.empty() ? llvm::StringRef("is not valid") : shown);
}

LogicalResult NodeBinder::checkSize(ShapeRef shape, Type element) {
  std::optional<int64_t> count = elementCount(shape);
  int64_t bytes = 0;
  if (!count || llvm::MulOverflow(*count, std::max<int64_t>(elementBytes(element), 1), bytes) || bytes > INT32_MAX)
    return fail("gives a tensor of shape " + shapeText(shape) +
                ", which has too many bytes for the 32 bits in which kernels count");
  return success();
}

Value NodeBinder::infer(OperationState &state, llvm::function_ref<LogicalResult(llvm::SmallVectorImpl<Type> &)> fn) {
  llvm::SmallVector<Type> types;
  if (failed(guarded([&] { return fn(types); })))
    return {};
  auto type = mlir::cast<RankedTensorType>(types[0]);
  if (failed(checkSize(type.getShape(), type.getElementType())))
    return {};
  state.types.assign(types.begin(), types.end());
  return create(state);
}

Value NodeBinder::create(OperationState &state) {
  llvm::SmallVector<Value> results = createAll(state);
  return results.empty() ? Value() : results[0];
}

llvm::SmallVector<Value> NodeBinder::createAll(OperationState &state) {
  // What has no elements needs no computation.
  auto isEmpty = [](Type type) { return mlir::cast<RankedTensorType>(type).getNumElements() == 0; };
  if (llvm::all_of(state.types, isEmpty) && state.name.getStringRef() != nn::ConstantOp::getOperationName()) {
    llvm::SmallVector<Value> empty;
    for (Type type : state.types)
      empty.push_back(constant(mlir::cast<RankedTensorType>(type), {}));
    return empty;
  }
  Operation *op = builder.create(state);
  if (failed(guarded([&] { return verify(op, /*verifyRecursively=*/false); }))) {
    op->erase();
    return {};
  }
  if (isa<nn::ConstantOp>(op))
    return {op->getResult(0)};
  llvm::SmallVector<OpFoldResult, 1> folded;
  if (succeeded(op->fold(folded)) && folded.size() == 1 && op->getNumResults() == 1) {
    if (auto value = dyn_cast<Value>(folded[0])) {
      if (value != op->getResult(0))
        op->erase();
      return {value};
    }
    op->erase();
    return {constant(mlir::cast<ElementsAttr>(mlir::cast<Attribute>(folded[0])))};
  }
  if (!llvm::all_of(op->getOperands(), isConstant))
    return llvm::to_vector_of<Value>(op->getResults());
  llvm::SmallVector<ElementsAttr> computed;
  LogicalResult isComputed = guarded(
      [&] {
        FailureOr<llvm::SmallVector<ElementsAttr>> attributes = evaluate(op);
        if (succeeded(attributes))
          computed = std::move(*attributes);
        return LogicalResult(attributes);
      },
      /*mayFailSilently=*/true);
  if (hasFailed())
    return {};
  if (failed(isComputed)) // it failed silently if the result is too large for a constant
    return llvm::to_vector_of<Value>(op->getResults());
  // Weights that only change their layout keep the name that the file gives them.
  Location loc = op->getNumOperands() == 1 ? op->getOperand(0).getLoc() : getLoc();
  llvm::SmallVector<Value> constants;
  for (auto [type, value] : llvm::zip(op->getResultTypes(), computed))
    constants.push_back(builder.create<nn::ConstantOp>(loc, type, value));
  op->erase();
  return constants;
}

Value NodeBinder::constant(RankedTensorType type, llvm::ArrayRef<char> bytes) {
  if (hasFailed() || failed(checkSize(type.getShape(), type.getElementType())))
    return {};
  return emitAs<nn::ConstantOp>(type.getShape(), type.getElementType(), makeConstant(type, bytes));
}

Value NodeBinder::constant(ElementsAttr value) {
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (failed(data)) {
    (void)fail("holds a constant of type " + typeText(value.getType()) + ", which is not supported");
    return {};
  }
  Type element = value.getElementType();
  ShapeRef shape = value.getShapedType().getShape();
  if (isComputedAsF32(element))
    return constant<float>(shape, builder.getF32Type(), data->floats());
  return emitAs<nn::ConstantOp>(shape, element, value);
}

Value NodeBinder::scalar(Type element, double value) {
  if (element.isF32()) {
    float real = float(value);
    return constant<float>({}, element, real);
  }
  int64_t integer = int64_t(value); // little endian: the low bytes come first
  return constant<char>({}, element,
                        llvm::ArrayRef<char>(reinterpret_cast<const char *>(&integer), size_t(elementBytes(element))));
}

Value NodeBinder::integerVector(ShapeRef values) {
  return constant<int64_t>({int64_t(values.size())}, builder.getI64Type(), values);
}

Value NodeBinder::reshape(Value x, ShapeRef shape) { return x ? emitAs<nn::ReshapeOp>(shape, elementOf(x), x) : Value(); }

Value NodeBinder::transpose(Value x, ShapeRef permutation) { return emit<nn::TransposeOp>(x, permutation); }

Value NodeBinder::broadcast(Value x, ShapeRef shape) { return x ? emitAs<nn::BroadcastOp>(shape, elementOf(x), x) : Value(); }

Value NodeBinder::slice(Value x, int64_t axis, int64_t begin, int64_t size) {
  Shape offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
  if (!x)
    return {};
  offsets[axis] = begin;
  sizes[axis] = size;
  return emit<nn::SliceOp>(x, offsets, sizes, strides);
}

Value NodeBinder::concat(llvm::ArrayRef<Value> inputs, int64_t axis) {
  if (inputs.size() == 1)
    return inputs[0];
  return emit<nn::ConcatOp>(inputs, axis);
}

// Values of f64 are there as f32, cast from f64. Null if `x` is no such value.
static Value doubleOf(Value x) {
  auto narrowed = x ? x.getDefiningOp<nn::CastOp>() : nn::CastOp();
  return narrowed && isF32(x) && elementOf(narrowed.getX()).isF64() ? narrowed.getX() : Value();
}

Value NodeBinder::toDouble(Value x) {
  Value known = doubleOf(x);
  return known ? known : cast(x, builder.getF64Type());
}

Value NodeBinder::cast(Value x, Type element) {
  if (!x || elementOf(x) == element)
    return x;
  if (Value known = doubleOf(x)) // not by way of f32
    if (element.isF64() || isa<IntegerType>(element))
      x = known;
  if (elementOf(x) == element)
    return x;
  // Small floats have a kernel from and to f32 only.
  auto isSmall = [](Type type) { return isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32; };
  if (!element.isF32() && !elementOf(x).isF32() && (isSmall(element) || isSmall(elementOf(x))))
    x = emitAs<nn::CastOp>(shapeOf(x), builder.getF32Type(), x);
  return x ? emitAs<nn::CastOp>(shapeOf(x), element, x) : Value();
}

Value NodeBinder::castToStored(Value x, Type element) {
  if (!isComputedAsF32(element))
    return cast(x, element);
  Value y = cast(x, builder.getF32Type());
  return element.isF64() ? cast(cast(isInteger(x) ? x : y, element), builder.getF32Type())
                         : cast(cast(y, element), builder.getF32Type());
}

// Unsigned numbers of 64 bits as signed ones in the same order: 2^63 less, modulo 2^64.
Value NodeBinder::toOrdered(Value x) {
  return emit<nn::BinaryOp>(nn::BinaryKind::Add, cast(x, builder.getI64Type()),
                            constant<int64_t>({}, builder.getI64Type(), INT64_MIN), FloatAttr(), FloatAttr());
}

Value NodeBinder::fromOrdered(Value x) {
  Value y = emit<nn::BinaryOp>(nn::BinaryKind::Add, x, constant<int64_t>({}, builder.getI64Type(), INT64_MIN), FloatAttr(),
                               FloatAttr());
  return cast(y, IntegerType::get(builder.getContext(), 64, IntegerType::Unsigned));
}

Type NodeBinder::computeType(Type element) {
  if (element.isF32() || element.isSignlessInteger(32) || element.isSignlessInteger(64))
    return element;
  auto integer = dyn_cast<IntegerType>(element);
  if (integer && integer.getWidth() >= 8 && integer.getWidth() <= 16)
    return builder.getI32Type();
  if (element.isUnsignedInteger(32) || element.isUnsignedInteger(64)) // of 64 bits: modulo 2^64, where the sign does not matter
    return builder.getI64Type();
  (void)fail("cannot compute with elements of type " + typeText(element));
  return {};
}

static bool isLogical(nn::BinaryKind kind) {
  return kind == nn::BinaryKind::And || kind == nn::BinaryKind::Or || kind == nn::BinaryKind::Xor;
}

// Kernels know these functions of floats only.
static bool isFloatOnly(nn::BinaryKind kind) { return kind == nn::BinaryKind::Pow || kind == nn::BinaryKind::PRelu; }

Value NodeBinder::unary(nn::UnaryKind kind, Value x, float alpha, float beta) {
  if (hasFailed())
    return {};
  Type element = elementOf(x);
  bool isAlsoInteger = kind == nn::UnaryKind::Abs || kind == nn::UnaryKind::Neg;
  if (kind == nn::UnaryKind::Not ? !isBoolean(x) : !isF32(x) && !(isAlsoInteger && isInteger(x))) {
    (void)fail("input has elements of type " + typeText(element) + ", but Thimble computes this function of " +
               (kind == nn::UnaryKind::Not ? "booleans" : "float32") + " only");
    return {};
  }
  if (element.isUnsignedInteger() && kind == nn::UnaryKind::Abs)
    return x;
  if (isInteger(x))
    return cast(emit<nn::UnaryOp>(kind, cast(x, builder.getI64Type()), llvm::APFloat(alpha), llvm::APFloat(beta)), element);
  return emit<nn::UnaryOp>(kind, x, llvm::APFloat(alpha), llvm::APFloat(beta));
}

Value NodeBinder::binary(nn::BinaryKind kind, Value a, Value b) {
  if (hasFailed())
    return {};
  Type element = elementOf(a);
  if (element != elementOf(b)) {
    (void)fail("inputs have different element types " + typeText(element) + " and " + typeText(elementOf(b)));
    return {};
  }
  if (isLogical(kind) ? !isBoolean(a) : isFloatOnly(kind) && !isF32(a)) {
    (void)fail("inputs have elements of type " + typeText(element) + ", but Thimble computes this function of " +
               (isLogical(kind) ? "booleans" : "float32") + " only");
    return {};
  }
  bool isQuotient = kind == nn::BinaryKind::Div || kind == nn::BinaryKind::Mod;
  if (element.isUnsignedInteger(64) && isQuotient)
    return emit<nn::BinaryOp>(kind, a, b, FloatAttr(), FloatAttr());
  if (element.isUnsignedInteger(64) && (kind == nn::BinaryKind::Min || kind == nn::BinaryKind::Max))
    return fromOrdered(emit<nn::BinaryOp>(kind, toOrdered(a), toOrdered(b), FloatAttr(), FloatAttr()));
  bool hasDouble =
      kind == nn::BinaryKind::Add || kind == nn::BinaryKind::Sub || kind == nn::BinaryKind::Mul || kind == nn::BinaryKind::Div;
  if (hasDouble && (doubleOf(a) || doubleOf(b)))
    return cast(emit<nn::BinaryOp>(kind, toDouble(a), toDouble(b), FloatAttr(), FloatAttr()), element);
  Type wide = isLogical(kind) ? element : computeType(element);
  if (!wide)
    return {};
  Value y = emit<nn::BinaryOp>(kind, cast(a, wide), cast(b, wide), FloatAttr(), FloatAttr());
  return cast(y, element);
}

Value NodeBinder::compare(nn::CompareKind kind, Value a, Value b) {
  if (hasFailed())
    return {};
  Type element = elementOf(a);
  if (element != elementOf(b)) {
    (void)fail("inputs have different element types " + typeText(element) + " and " + typeText(elementOf(b)));
    return {};
  }
  Type wide = isBoolean(a) && kind == nn::CompareKind::Equal ? element : computeType(element);
  if (element.isUnsignedInteger(64) && kind != nn::CompareKind::Equal)
    return emit<nn::CompareOp>(kind, toOrdered(a), toOrdered(b));
  return wide ? emit<nn::CompareOp>(kind, cast(a, wide), cast(b, wide)) : Value();
}

Value NodeBinder::select(Value condition, Value a, Value b) {
  if (!hasFailed() && elementOf(a) != elementOf(b))
    (void)fail("inputs have different element types " + typeText(elementOf(a)) + " and " + typeText(elementOf(b)));
  if (!hasFailed() && !isBoolean(condition))
    (void)fail("condition must have boolean elements, got " + typeText(elementOf(condition)));
  return emit<nn::SelectOp>(condition, a, b);
}

Value NodeBinder::reduce(nn::ReduceKind kind, Value x, ShapeRef axes, bool keepDims) {
  if (hasFailed())
    return {};
  Type element = elementOf(x), wide = computeType(element);
  if (!wide)
    return {};
  if (element.isUnsignedInteger(64) && (kind == nn::ReduceKind::Min || kind == nn::ReduceKind::Max))
    return fromOrdered(emit<nn::ReduceOp>(kind, toOrdered(x), axes, keepDims));
  x = cast(x, wide);
  if (hasFailed() || isF32(x))
    return emit<nn::ReduceOp>(kind, x, axes, keepDims);
  // Integer kernels exist for the others only.
  int64_t count = 1;
  for (int64_t dim : axes)
    count *= shapeOf(x)[dim];
  Value y;
  switch (kind) {
  case nn::ReduceKind::Mean:
    y = div(emit<nn::ReduceOp>(nn::ReduceKind::Sum, x, axes, keepDims), scalar(wide, double(count)));
    break;
  case nn::ReduceKind::L1:
    y = emit<nn::ReduceOp>(nn::ReduceKind::Sum, unary(nn::UnaryKind::Abs, x), axes, keepDims);
    break;
  case nn::ReduceKind::SumSquare:
    y = emit<nn::ReduceOp>(nn::ReduceKind::Sum, mul(x, x), axes, keepDims);
    break;
  case nn::ReduceKind::L2:
    (void)fail("the L2 norm of elements of type " + typeText(element) + " is not supported; cast to float32 first");
    break;
  default:
    y = emit<nn::ReduceOp>(kind, x, axes, keepDims);
  }
  return cast(y, element);
}

Value NodeBinder::matmul(Value a, Value b, bool transposeA, bool transposeB) {
  if (!hasFailed() && isInteger(a) && elementOf(a) == elementOf(b)) {
    Type wide = computeType(elementOf(a));
    return wide ? cast(emit<nn::MatMulOp>(cast(a, wide), cast(b, wide), transposeA, transposeB), elementOf(a)) : Value();
  }
  if (failed(needFloat(a, "A")) || failed(needFloat(b, "B")))
    return {};
  return emit<nn::MatMulOp>(a, b, transposeA, transposeB);
}
