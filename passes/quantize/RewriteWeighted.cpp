// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolutions, fully connected layers and matrix products in int8.
#include "passes/quantize/Grid.h"
#include "passes/quantize/Range.h"
#include "passes/quantize/RewriteInt8.h"

#include <cmath>

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

// Weights of one row that a grid holds; with codes beyond a byte if the model's zero point made them so.
static bool isWide(const Grid &grid) { return grid.low < -128 || grid.high > 127; }

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

// Asymmetric weights have codes of nine bits: differences of two bytes. They are the sum of two parts, each of which is a byte
// (of three where a code is 255), so the layer takes each input channel twice. Exact, at twice the products; weights with zero
// point 0 (or 128, if they are uint8) do not need it.
static FailureOr<Value> rewriteWide(Operation *op, Value x8, ArrayRef<float> weights, ArrayRef<float> bias, Int8Type type,
                                    Int8Rewrite &rewrite) {
  Value w = op->getOperand(1);
  ArrayRef<int64_t> shape = shapeOf(w);
  int64_t channels = shape[0], depth = int64_t(weights.size()) / channels, inner = shape.back();
  double inputScale = nn::getActivationType(x8.getType()).getScale();
  std::vector<int64_t> sums;
  std::vector<int32_t> bias32;
  SmallVector<double> scales;
  double previous = 1; // rows of zeros take the scale of the row before
  for (int64_t o = 0; o < channels; ++o) {
    ArrayRef<float> row = weights.slice(o * depth, depth);
    std::optional<Grid> grid = findGrid(row);
    scales.push_back(grid && float(grid->step) > 0 ? double(float(grid->step)) : previous);
    previous = scales.back();
    for (float weight : row)
      sums.push_back(int64_t(std::nearbyint(double(weight) / scales.back())));
    if (!bias.empty()) {
      double units = double(bias[o]) / (inputScale * scales.back());
      if (!(std::abs(units) < 1 << 30))
        return rewrite.refuse("whose bias is far larger than its weights");
      bias32.push_back(int32_t(std::llround(units)));
    }
  }
  int64_t parts = llvm::is_contained(sums, 255) ? 3 : 2;
  std::vector<int8_t> codes;
  for (size_t start = 0; start < sums.size(); start += size_t(inner))
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t &rest : MutableArrayRef(sums).slice(start, size_t(inner))) {
        codes.push_back(int8_t(llvm::divideFloorSigned(rest, parts - part)));
        rest -= codes.back();
      }
  OpBuilder &builder = rewrite.forms.getBuilder();
  Location loc = op->getLoc();
  SmallVector<int64_t> repeated(shapeOf(x8)), wide(shape);
  int64_t axis = int64_t(repeated.size()) - 1, inChannels = repeated.back();
  repeated.back() *= parts;
  wide.back() *= parts;
  SmallVector<int32_t> indices;
  for (int64_t i = 0; i < parts * inChannels; ++i)
    indices.push_back(int32_t(i / (parts * inner) * inner + i % inner));
  auto indexType = RankedTensorType::get({parts * inChannels}, builder.getI32Type());
  Value index = builder.create<nn::ConstantOp>(loc, indexType, makeConstant<int32_t>(indexType, indices, "channels"));
  Value copies = builder.create<nn::GatherOp>(
      loc, RankedTensorType::get(repeated, cast<RankedTensorType>(x8.getType()).getElementType()), x8, index, uint64_t(axis));
  SmallVector<int64_t> zeros(channels, 0);
  Type element = quant::UniformQuantizedPerAxisType::get(quant::QuantizationFlags::Signed, builder.getI8Type(),
                                                         builder.getF32Type(), scales, zeros, 0, -128, 127);
  auto codesType = RankedTensorType::get(wide, element);
  SmallVector<Value> operands{copies};
  operands.push_back(builder.create<nn::ConstantOp>(w.getLoc(), codesType, makeConstant<int8_t>(codesType, codes)));
  if (!bias.empty()) {
    RankedTensorType biasType = RankedTensorType::get({channels}, builder.getI32Type());
    operands.push_back(
        builder.create<nn::ConstantOp>(op->getOperand(2).getLoc(), biasType, makeConstant<int32_t>(biasType, bias32, "b")));
  }
  return rewrite.recreate(op, operands, type);
}

FailureOr<Value> quantize::rewriteWeighted(Operation *op, Int8Rewrite &rewrite) {
  Value x = op->getOperand(0), weights = op->getOperand(1), bias = op->getNumOperands() > 2 ? op->getOperand(2) : Value();
  FailureOr<ConstantData> w = ConstantData::get(weights), b = bias ? ConstantData::get(bias) : FailureOr<ConstantData>();
  if (failed(w))
    return rewrite.refuse("whose weights are not constant");
  if (bias && failed(b))
    return rewrite.refuse("whose bias is not constant");
  FailureOr<Value> x8 = rewrite.operand(x);
  FailureOr<Int8Type> type = rewrite.planned(op->getResult(0));
  if (failed(x8) || failed(type))
    return failure();
  int64_t channels = shapeOf(weights)[0], depth = channels == 0 ? 0 : w->size() / channels;
  std::vector<float> realBias = bias ? b->floats() : std::vector<float>();
  bool isWideGrid = false;
  for (int64_t o = 0; o < channels; ++o) {
    ArrayRef<float> row = w->as<float>().slice(o * depth, depth);
    std::optional<Grid> grid = findGrid(row);
    if (rewrite.adopt && !grid && llvm::any_of(row, [](float weight) { return weight != 0; }))
      return rewrite.refuse("whose weights the model does not quantize");
    isWideGrid |= grid && isWide(*grid);
  }
  if (isWideGrid && rewrite.adopt)
    return rewriteWide(op, *x8, w->as<float>(), realBias, *type, rewrite);
  std::vector<float> importance = weightImportance(op, cast<RankedTensorType>(weights.getType()).getShape());
  FailureOr<QuantizedWeights> quantized = quantizeWeights(op->getContext(), w->as<float>(), realBias, channels,
                                                          nn::getActivationType((*x8).getType()).getScale(), importance,
                                                          rewrite.bits == 16 ? largestWideBias : largestBias);
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
  FailureOr<Value> a8 = rewrite.operand(op.getA()), b8 = rewrite.operand(op.getB());
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(a8) || failed(b8) || failed(type))
    return failure();
  return rewrite.recreate(op, {*a8, *b8}, *type);
}
