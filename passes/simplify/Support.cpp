// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Looking at values and constants, making constants, driving patterns.
#include "passes/simplify/Support.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <cmath>

using namespace mlir;
using namespace thimble;

bool simplify::isConstant(Value value) { return value.getDefiningOp<nn::ConstantOp>() != nullptr; }

std::optional<double> simplify::splatOf(Value value) {
  if (!isConstant(value))
    return std::nullopt;
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (failed(data) || data->size() == 0)
    return std::nullopt;
  int64_t width = elementBytes(data->getType().getElementType());
  ArrayRef<char> bytes = data->bytes(), first = bytes.take_front(width);
  for (int64_t i = 1; i < data->size(); ++i)
    if (bytes.slice(i * width, width) != first)
      return std::nullopt;
  return data->number(0);
}

bool simplify::isNear(double a, double b) {
  return a == b || (std::isfinite(a) && std::isfinite(b) && std::abs(a - b) <= 1e-4 * std::max(std::abs(a), std::abs(b)));
}

bool simplify::isSplat(Value value, double number) {
  std::optional<double> splat = splatOf(value);
  return splat && isNear(*splat, number);
}

Value simplify::makeFloats(OpBuilder &builder, Location loc, ShapeRef shape, ArrayRef<float> elements) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return builder.create<nn::ConstantOp>(loc, type, makeConstant(type, elements));
}

Value simplify::makeFloat(OpBuilder &builder, Location loc, float element) { return makeFloats(builder, loc, {}, element); }

Value simplify::reshaped(OpBuilder &builder, Location loc, Value value, ShapeRef shape) {
  if (shapeOf(value) == shape)
    return value;
  auto type = RankedTensorType::get(shape, elementOf(value));
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (isConstant(value) && succeeded(data))
    return builder.create<nn::ConstantOp>(value.getLoc(), type, makeConstant(type, data->bytes()));
  return builder.create<nn::ReshapeOp>(loc, type, value);
}

FloatAttr simplify::clampAttr(Builder &builder, float limit) {
  return std::isinf(limit) ? FloatAttr() : builder.getF32FloatAttr(limit);
}

bool simplify::isAllNN(func::FuncOp function) {
  return llvm::hasSingleElement(function.getBody()) && llvm::all_of(function.getBody().front(), [](Operation &op) {
           return isa<func::ReturnOp>(op) || isa_and_nonnull<nn::NNDialect>(op.getDialect());
         });
}

void simplify::applyGreedily(func::FuncOp function, RewritePatternSet &&patterns) {
  GreedyRewriteConfig config;
  config.enableRegionSimplification = GreedySimplifyRegionLevel::Disabled;
  (void)applyPatternsAndFoldGreedily(function, std::move(patterns), config);
}
