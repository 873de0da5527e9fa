// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Products with one constant a channel, and sums behind them, as depthwise convolutions of one pixel. These have one scale a
// channel and round once, where a product of tensors has one scale for all constants: batch normalizations that nothing
// absorbed need this.
#include "codegen/kernels/KernelCall.h"
#include "passes/quantize/RewriteInt8.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

namespace {
struct ChannelConstants {
  Value x;
  std::vector<float> elements; // one for each element of the last dimension of x
};
} // namespace

// The operands of `op` if one of them has one constant for each channel of the other.
static std::optional<ChannelConstants> matchChannels(nn::BinaryOp op) {
  Value x = op.getA(), constant = op.getB();
  if (op.getKind() != nn::BinaryKind::Sub && isa_and_nonnull<nn::ConstantOp>(x.getDefiningOp()))
    std::swap(x, constant);
  ArrayRef<int64_t> shape = shapeOf(x), other = shapeOf(constant);
  if (shape.empty() || other.empty() || other.back() != shape.back() || shape.back() < 2 || shapeOf(op.getY()) != shape)
    return std::nullopt;
  FailureOr<ConstantData> data = ConstantData::get(constant);
  if (failed(data) || data->size() != shape.back())
    return std::nullopt;
  return ChannelConstants{x, data->floats()};
}

// y = x * factors + offsets. Images keep their shape; other tensors become an image of one row.
static FailureOr<Value> makeDepthwise(nn::BinaryOp op, Value x, ArrayRef<float> factors, ArrayRef<float> offsets,
                                      Int8Rewrite &rewrite) {
  int64_t channels = shapeOf(op.getY()).back();
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(type))
    return failure();
  FailureOr<QuantizedWeights> weights =
      quantizeWeights(op.getContext(), factors, offsets, channels, nn::getActivationType(x.getType()).getScale(), {},
                      rewrite.bits == 16 ? largestWideBias : largestBias);
  if (failed(weights))
    return Value();
  OpBuilder &builder = rewrite.forms.getBuilder();
  Location loc = op.getLoc();
  bool isImage = shapeOf(x).size() == 4;
  SmallVector<int64_t> image(shapeOf(x));
  if (!isImage)
    image = {1, 1, cast<RankedTensorType>(x.getType()).getNumElements() / channels, channels};
  auto withShape = [](ArrayRef<int64_t> shape, Type element) { return RankedTensorType::get(shape, element); };
  if (!isImage)
    x = builder.create<nn::ReshapeOp>(loc, withShape(image, nn::getActivationType(x.getType())), x);
  RankedTensorType weightsType = withShape({channels, 1, 1, 1}, weights->element);
  Value w = builder.create<nn::ConstantOp>(loc, weightsType, makeConstant<int8_t>(weightsType, weights->codes)), b;
  if (!offsets.empty()) {
    RankedTensorType biasType = withShape({channels}, builder.getI32Type());
    b = builder.create<nn::ConstantOp>(loc, biasType, makeConstant<int32_t>(biasType, weights->bias, "b"));
  }
  const SmallVector<int64_t> ones = {1, 1}, noPads = {0, 0, 0, 0};
  auto y = builder.create<nn::Conv2DOp>(loc, withShape(image, *type), x, w, b, ones, noPads, ones, channels, op.getActMinAttr(),
                                        op.getActMaxAttr());
  if (!kernels::hasKernel(y))
    return Value();
  return isImage ? Value(y) : Value(builder.create<nn::ReshapeOp>(loc, withShape(shapeOf(op.getY()), *type), y));
}

FailureOr<Value> quantize::rewriteChannelwise(nn::BinaryOp op, Int8Rewrite &rewrite) {
  std::optional<ChannelConstants> constants = matchChannels(op);
  if (!constants)
    return Value();
  if (op.getKind() == nn::BinaryKind::Mul) {
    FailureOr<Value> x = rewrite.operand(constants->x);
    return failed(x) ? FailureOr<Value>(failure()) : makeDepthwise(op, *x, constants->elements, {}, rewrite);
  }
  // The product itself, which was rewritten before, is dead if the sum is its only user.
  auto product = constants->x.getDefiningOp<nn::BinaryOp>();
  if (!product || product.getKind() != nn::BinaryKind::Mul || product.getActMin() || product.getActMax() ||
      !product->hasOneUse())
    return Value();
  std::optional<ChannelConstants> factors = matchChannels(product);
  if (!factors)
    return Value();
  if (op.getKind() == nn::BinaryKind::Sub)
    for (float &constant : constants->elements)
      constant = -constant;
  FailureOr<Value> x = rewrite.operand(factors->x);
  return failed(x) ? FailureOr<Value>(failure()) : makeDepthwise(op, *x, factors->elements, constants->elements, rewrite);
}
