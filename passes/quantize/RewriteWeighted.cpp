// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolutions, fully connected layers and matrix products in int8.
#include "passes/quantize/Range.h"
#include "passes/quantize/RewriteInt8.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

// The energy of the input that each weight multiplies; nothing if calibration left none.
static std::vector<float> weightImportance(Operation *op, ArrayRef<int64_t> shape) {
  auto energy = dyn_cast_or_null<DenseF32ArrayAttr>(op->getDiscardableAttr(inputEnergyAttrName));
  auto conv = dyn_cast<nn::Conv2DOp>(op);
  int64_t groups = conv ? int64_t(conv.getGroups()) : 1, perGroup = shape.back();
  if (!energy || energy.size() != groups * perGroup)
    return {};
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  std::vector<float> importance(size_t(count), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t group = i / (count / groups);
    importance[size_t(i)] = energy[size_t(group * perGroup + i % perGroup)];
  }
  return importance;
}

FailureOr<Value> quantize::rewriteWeighted(Operation *op, Int8Rewrite &rewrite) {
  Value x = op->getOperand(0), weights = op->getOperand(1), bias = op->getNumOperands() > 2 ? op->getOperand(2) : Value();
  FailureOr<ConstantData> w = ConstantData::get(weights), b = bias ? ConstantData::get(bias) : FailureOr<ConstantData>();
  if (failed(w))
    return rewrite.refuse("whose weights are not constant");
  if (bias && failed(b))
    return rewrite.refuse("whose bias is not constant");
  FailureOr<Value> x8 = rewrite.forms.getInt8(x);
  FailureOr<Int8Type> type = rewrite.planned(op->getResult(0));
  if (failed(x8) || failed(type))
    return failure();
  int64_t channels = cast<RankedTensorType>(weights.getType()).getDimSize(0);
  std::vector<float> realBias = bias ? b->floats() : std::vector<float>();
  std::vector<float> importance = weightImportance(op, cast<RankedTensorType>(weights.getType()).getShape());
  FailureOr<QuantizedWeights> quantized = quantizeWeights(op->getContext(), w->as<float>(), realBias, channels,
                                                          nn::getInt8Type((*x8).getType()).getScale(), importance);
  if (failed(quantized))
    return rewrite.refuse("whose weights need scales beyond the range of f32");
  OpBuilder &builder = rewrite.forms.getBuilder();
  RankedTensorType codesType = withElement(weights.getType(), quantized->element);
  SmallVector<Value> operands{*x8};
  operands.push_back(
      builder.create<nn::ConstantOp>(weights.getLoc(), codesType, makeConstant<int8_t>(codesType, quantized->codes)));
  if (bias) {
    RankedTensorType biasType = withElement(bias.getType(), builder.getI32Type());
    operands.push_back(
        builder.create<nn::ConstantOp>(bias.getLoc(), biasType, makeConstant<int32_t>(biasType, quantized->bias, "b")));
  }
  return rewrite.recreate(op, operands, *type);
}

FailureOr<Value> quantize::rewriteMatMul(nn::MatMulOp op, Int8Rewrite &rewrite) {
  ArrayRef<int64_t> a = cast<RankedTensorType>(op.getA().getType()).getShape();
  // The kernel's condition for its accumulator.
  if (a[a.size() - (op.getTransposeA() ? 2 : 1)] > INT16_MAX)
    return rewrite.refuse("that sums more than 32767 products");
  FailureOr<Value> a8 = rewrite.forms.getInt8(op.getA()), b8 = rewrite.forms.getInt8(op.getB());
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(a8) || failed(b8) || failed(type))
    return failure();
  return rewrite.recreate(op, {*a8, *b8}, *type);
}
