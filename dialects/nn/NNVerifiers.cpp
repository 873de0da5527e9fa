// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the nn operations demand of element types, beyond the shapes that NNShapes.cpp infers.
#include "compiler/support/Constants.h"
#include "dialects/nn/NNDialect.h"
#include <algorithm>

using namespace mlir;
using namespace thimble;
using namespace thimble::nn;

static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

static bool isInt8(Value value) { return bool(getInt8Type(value.getType())); }

// Per-tensor int8, or symmetric int16.
static bool isActivation(Value value) { return bool(getActivationType(value.getType())); }

// Activations of one width: all int8 or all int16.
static bool haveOneWidth(std::initializer_list<Value> values) {
  return llvm::all_of(values, isActivation) &&
         llvm::all_of(values, [&](Value value) { return isInt8(value) == isInt8(*values.begin()); });
}

// Symmetric int8, per tensor or per channel along dimension 0.
static bool isWeightType(Type type) {
  auto isSymmetric = [](int64_t zeroPoint) { return zeroPoint == 0; };
  if (auto perTensor = dyn_cast<quant::UniformQuantizedType>(type))
    return perTensor.getStorageTypeIntegralWidth() == 8 && isSymmetric(perTensor.getZeroPoint());
  auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type);
  return perAxis && perAxis.getStorageTypeIntegralWidth() == 8 && perAxis.getQuantizedDimension() == 0 &&
         llvm::all_of(perAxis.getZeroPoints(), isSymmetric);
}

// Either everything is f32, or i32, or x and y are int8 (or both int16) with symmetric int8 weights and an i32 bias.
template <typename Op> static LogicalResult verifyWeighted(Op op) {
  Value bias = op.getBias();
  if (op.getAct().first > op.getAct().second)
    return op.emitOpError("act_min is above act_max");
  if (elementOf(op.getX()).isF32()) {
    if (elementOf(op.getWeights()).isF32() && elementOf(op.getY()).isF32() && (!bias || elementOf(bias).isF32()))
      return success();
    return op.emitOpError("has an f32 input, so weights, bias and result must be f32");
  }
  if (elementOf(op.getX()).isSignlessInteger(32) && isa<Conv2DOp>(op.getOperation())) {
    bool isSame = elementOf(op.getWeights()) == elementOf(op.getX()) && elementOf(op.getY()) == elementOf(op.getX());
    if (isSame && !bias && !op.getActMin() && !op.getActMax())
      return success();
    return op.emitOpError("of i32 needs i32 weights and result, and has neither bias nor clamp");
  }
  if (!haveOneWidth({op.getX(), op.getY()}))
    return op.emitOpError("needs f32, per-tensor int8 or symmetric int16 input and result, got ")
           << elementOf(op.getX()) << " and " << elementOf(op.getY());
  if (!isWeightType(elementOf(op.getWeights())))
    return op.emitOpError("needs symmetric int8 weights, per tensor or per channel along dimension 0");
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(elementOf(op.getWeights())))
    if (int64_t(perAxis.getScales().size()) != cast<RankedTensorType>(op.getWeights().getType()).getDimSize(0))
      return op.emitOpError("needs one weight scale for each output channel");
  if (bias && !elementOf(bias).isInteger(32))
    return op.emitOpError("is quantized, so its bias must be i32");
  return success();
}

template <typename Op> static std::pair<float, float> activationRange(Op op) {
  float low = op.getActMin() ? op.getActMin()->convertToFloat() : -std::numeric_limits<float>::infinity();
  float high = op.getActMax() ? op.getActMax()->convertToFloat() : std::numeric_limits<float>::infinity();
  return {low, high};
}

std::pair<float, float> Conv2DOp::getAct() { return activationRange(*this); }
std::pair<float, float> FullyConnectedOp::getAct() { return activationRange(*this); }
std::pair<float, float> BinaryOp::getAct() { return activationRange(*this); }

LogicalResult Conv2DOp::verify() {
  bool isPlain = getGroups() == 1 && getDilations()[1] == 1 && getStrides()[1] <= 2 &&
                 cast<RankedTensorType>(getWeights().getType()).getDimSize(2) == 3;
  if (getPlanar() && !(isInt8(getX()) && isPlain))
    return emitOpError(
        "reads planes only of int8, with rows of three taps next to each other, a stride of 1 or 2 and one group");
  return verifyWeighted(*this);
}

SmallVector<int64_t, 4> Conv2DOp::getImageShape() {
  SmallVector<int64_t, 4> shape(cast<RankedTensorType>(getX().getType()).getShape());
  if (getPlanar())
    std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
  return shape;
}

LogicalResult FullyConnectedOp::verify() { return verifyWeighted(*this); }

bool Conv2DOp::isDepthwise() {
  return int64_t(getGroups()) == getImageShape()[3] && getGroups() > 1;
}

int64_t Conv2DOp::getMacs() {
  auto weights = cast<RankedTensorType>(getWeights().getType()), y = cast<RankedTensorType>(getY().getType());
  return y.getNumElements() * (weights.getNumElements() / weights.getDimSize(0));
}

int64_t FullyConnectedOp::getMacs() {
  return cast<RankedTensorType>(getX().getType()).getDimSize(0) *
         cast<RankedTensorType>(getWeights().getType()).getNumElements();
}

int64_t MatMulOp::getMacs() {
  ArrayRef<int64_t> a = cast<RankedTensorType>(getA().getType()).getShape();
  return cast<RankedTensorType>(getY().getType()).getNumElements() * a[a.size() - (getTransposeA() ? 2 : 1)];
}

static LogicalResult verifySameScale(Operation *op, Type a, Type b) {
  if (!isQuantized(a) && !isQuantized(b))
    return success();
  if (cast<RankedTensorType>(a).getElementType() == cast<RankedTensorType>(b).getElementType())
    return success();
  return op->emitOpError("moves quantized elements unchanged, so operand and result must have the same scale and zero point");
}

LogicalResult UnaryOp::verify() {
  bool isLogical = getKind() == UnaryKind::Not;
  if (isLogical != elementOf(getX()).isInteger(1))
    return emitOpError("'") << stringifyUnaryKind(getKind()) << "' does not take elements of type " << elementOf(getX());
  if (!isQuantized(getX().getType()))
    return success();
  if (getKind() != UnaryKind::Clamp || !getInt16Type(getX().getType()))
    return emitOpError("has a quantized form only for the clamp of int16");
  return verifySameScale(*this, getX().getType(), getY().getType());
}

LogicalResult BinaryOp::verify() {
  bool isLogical = getKind() == BinaryKind::And || getKind() == BinaryKind::Or || getKind() == BinaryKind::Xor;
  if (isLogical && !elementOf(getA()).isInteger(1))
    return emitOpError("'") << stringifyBinaryKind(getKind()) << "' needs i1 operands, got " << elementOf(getA());
  if (isQuantized(getY().getType())) {
    if (!haveOneWidth({getA(), getB(), getY()}))
      return emitOpError("is quantized, so operands and result must be per-tensor int8, or all symmetric int16");
    if (getKind() == BinaryKind::Min || getKind() == BinaryKind::Max)
      return success(succeeded(verifySameScale(*this, getA().getType(), getY().getType())) &&
                     succeeded(verifySameScale(*this, getB().getType(), getY().getType())));
    bool isPlain = getKind() == BinaryKind::Add || getKind() == BinaryKind::Sub || getKind() == BinaryKind::Mul;
    if (!isPlain && getKind() != BinaryKind::Div && (getKind() != BinaryKind::PRelu || isInt8(getY())))
      return emitOpError("'") << stringifyBinaryKind(getKind()) << "' has no quantized form";
    return success();
  }
  if (elementOf(getA()) != elementOf(getB()) || elementOf(getA()) != elementOf(getY()))
    return emitOpError("operands and result must have the same element type, got ") << elementOf(getA()) << " and "
          << elementOf(getB());
  return success();
}

LogicalResult CompareOp::verify() {
  if (elementOf(getA()) != elementOf(getB()))
    return emitOpError("operands must have the same element type, got ") << elementOf(getA()) << " and " << elementOf(getB());
  return success();
}

LogicalResult SelectOp::verify() {
  if (!elementOf(getCondition()).isInteger(1) || elementOf(getA()) != elementOf(getB()))
    return emitOpError("needs an i1 condition and operands of the same element type");
  return verifySameScale(*this, getA().getType(), getY().getType());
}

LogicalResult LookupOp::verify() {
  auto table = cast<RankedTensorType>(getTable().getType());
  bool is16 = table.getElementType().isInteger(16);
  int64_t segments = table.getRank() == 1 ? table.getDimSize(0) - 1 : 0;
  bool isWrong16 = segments < 4 || segments > 65536 || !llvm::isPowerOf2_64(uint64_t(segments));
  if (is16 ? isWrong16 : table.getShape() != ArrayRef<int64_t>{256})
    return emitOpError("needs a table of 256 entries of i8, or of 2^k + 1 (k from 2 to 16) of i16");
  if (cast<RankedTensorType>(getX().getType()).getShape() != cast<RankedTensorType>(getY().getType()).getShape())
    return emitOpError("operand and result must have the same shape");
  auto hasCodes = [](Value value) { return isInt8(value) || getElementTypeOrSelf(value.getType()).isInteger(8); };
  if (is16 ? !getInt16Type(getX().getType()) || !getInt16Type(getY().getType()) : !hasCodes(getX()) || !hasCodes(getY()))
    return emitOpError("needs per-tensor int8 operand and result with entries of i8, symmetric int16 with entries of i16");
  return success();
}

LogicalResult Pool2DOp::verify() { return verifySameScale(*this, getX().getType(), getY().getType()); }

LogicalResult ReduceOp::verify() {
  if (!isQuantized(getX().getType()))
    return success();
  if (getKind() == ReduceKind::Max)
    return verifySameScale(*this, getX().getType(), getY().getType());
  if ((getKind() == ReduceKind::Mean || getKind() == ReduceKind::Sum) && haveOneWidth({getX(), getY()}))
    return success();
  return emitOpError("'") << stringifyReduceKind(getKind()) << "' has no quantized form";
}

LogicalResult ArgOp::verify() {
  if (isQuantized(getX().getType()) && (getKind() != ArgKind::Max || !isActivation(getX())))
    return emitOpError("has a quantized form only for the maximum of per-tensor int8 or symmetric int16");
  return success();
}

LogicalResult SoftmaxOp::verify() {
  if (!isQuantized(getX().getType()))
    return success();
  quant::UniformQuantizedType y = getInt8Type(getY().getType()), wide = getInt16Type(getY().getType());
  if (!getLog() && getInt16Type(getX().getType()) && wide && wide.getScale() == 1.0 / 32768)
    return success();
  if (getLog() || !isInt8(getX()) || !y || y.getScale() != 1.0 / 256 || y.getZeroPoint() != -128)
    return emitOpError("is quantized, so it must not be logarithmic and its result must have scale 1/256 and zero point -128, "
                       "or, from int16, scale 1/32768");
  return success();
}

LogicalResult LayerNormOp::verify() {
  if (!elementOf(getScale()).isF32() || !elementOf(getBias()).isF32())
    return emitOpError("needs a scale and a bias of f32 elements, got ") << elementOf(getScale()) << " and "
          << elementOf(getBias());
  if (elementOf(getX()).isF32() ? !elementOf(getY()).isF32() : !haveOneWidth({getX(), getY()}))
    return emitOpError("needs f32, per-tensor int8 or symmetric int16 input and result, got ") << elementOf(getX()) << " and "
          << elementOf(getY());
  return success();
}

LogicalResult ConstantOp::verify() { return verifyConstant(getOperation(), getValue(), getY().getType()); }

LogicalResult ReshapeOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType()), y = cast<RankedTensorType>(getY().getType());
  if (x.getNumElements() != y.getNumElements())
    return emitOpError("cannot reshape ") << x.getNumElements() << " elements to " << y.getNumElements();
  if (x.getElementType() != y.getElementType())
    return emitOpError("must keep the element type");
  return success();
}

LogicalResult TransposeOp::verify() { return verifySameScale(*this, getX().getType(), getY().getType()); }

LogicalResult ConcatOp::verify() {
  for (Value input : getInputs())
    if (failed(verifySameScale(*this, input.getType(), getY().getType())))
      return failure();
  return success();
}

LogicalResult SliceOp::verify() { return verifySameScale(*this, getX().getType(), getY().getType()); }

LogicalResult GatherOp::verify() {
  if (!elementOf(getIndices()).isInteger(32) && !elementOf(getIndices()).isInteger(64))
    return emitOpError("needs i32 or i64 indices, got ") << elementOf(getIndices());
  return verifySameScale(*this, getX().getType(), getY().getType());
}

LogicalResult PadOp::verify() { return verifySameScale(*this, getX().getType(), getY().getType()); }

LogicalResult BroadcastOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType()), y = cast<RankedTensorType>(getY().getType());
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes({x.getShape(), y.getShape()});
  if (failed(shape) || ArrayRef<int64_t>(*shape) != y.getShape() || x.getElementType() != y.getElementType())
    return emitOpError("cannot broadcast ") << x << " to " << y;
  return success();
}

LogicalResult QuantizeOp::verify() {
  if (!elementOf(getX()).isF32() || !isActivation(getY()))
    return emitOpError("turns f32 into per-tensor int8 or symmetric int16, got ") << elementOf(getX()) << " and "
          << elementOf(getY());
  return success();
}

LogicalResult DequantizeOp::verify() {
  if (!isActivation(getX()) || !elementOf(getY()).isF32())
    return emitOpError("turns per-tensor int8 or symmetric int16 into f32, got ") << elementOf(getX()) << " and "
          << elementOf(getY());
  return success();
}

LogicalResult RequantizeOp::verify() {
  if (!isActivation(getX()) || !isActivation(getY()))
    return emitOpError("turns per-tensor int8 or symmetric int16 into one of them, got ") << elementOf(getX()) << " and "
          << elementOf(getY());
  return success();
}
