// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing notes on values.
#include "passes/quantize/Range.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

bool quantize::isFloat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

static func::FuncOp functionOf(BlockArgument argument) {
  return dyn_cast_or_null<func::FuncOp>(argument.getOwner()->getParentOp());
}

FailureOr<std::optional<Range>> quantize::getRange(Value value) {
  Attribute attribute;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (func::FuncOp function = functionOf(argument))
      attribute = function.getArgAttr(argument.getArgNumber(), rangeAttrName);
  } else {
    attribute = value.getDefiningOp()->getDiscardableAttr(rangeAttrName);
  }
  if (!attribute)
    return std::optional<Range>();
  auto numbers = dyn_cast<DenseF32ArrayAttr>(attribute);
  if (!numbers || numbers.size() != 2 || !std::isfinite(numbers[0]) || !std::isfinite(numbers[1]) || numbers[0] > numbers[1])
    return emitError(value.getLoc()) << "'" << rangeAttrName << "' must be two finite numbers, the lower one first, got "
                                     << attribute;
  return std::optional<Range>(Range{numbers[0], numbers[1]});
}

llvm::ArrayRef<float> quantize::getChannelFactors(Value value) {
  Operation *op = value.getDefiningOp();
  auto factors = op ? op->getAttrOfType<DenseF32ArrayAttr>(channelFactorsAttrName) : DenseF32ArrayAttr();
  return factors ? factors.asArrayRef() : llvm::ArrayRef<float>();
}

void quantize::setRange(Value value, Range range) {
  auto attribute = DenseF32ArrayAttr::get(value.getContext(), {range.low, range.high});
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (func::FuncOp function = functionOf(argument))
      function.setArgAttr(argument.getArgNumber(), rangeAttrName, attribute);
    return;
  }
  value.getDefiningOp()->setDiscardableAttr(rangeAttrName, attribute);
}
