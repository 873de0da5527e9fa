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
  // Operations with several results have two numbers for each; the lower one is above the other if the result was not observed.
  if (auto result = dyn_cast<OpResult>(value); result && result.getOwner()->getNumResults() > 1 && numbers &&
                                               size_t(numbers.size()) == 2 * size_t(result.getOwner()->getNumResults())) {
    Range range{numbers[2 * result.getResultNumber()], numbers[2 * result.getResultNumber() + 1]};
    bool isObserved = std::isfinite(range.low) && std::isfinite(range.high) && range.low <= range.high;
    return isObserved ? std::optional<Range>(range) : std::nullopt;
  }
  if (!numbers || numbers.size() != 2 || !std::isfinite(numbers[0]) || !std::isfinite(numbers[1]) || numbers[0] > numbers[1])
    return emitError(value.getLoc()) << "'" << rangeAttrName << "' must be two finite numbers, the lower one first, got "
                                     << attribute;
  return std::optional<Range>(Range{numbers[0], numbers[1]});
}

// A note on an argument or on the operation that defines `value`.
static Attribute noteOn(Value value, StringRef name) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    func::FuncOp function = functionOf(argument);
    return function ? function.getArgAttr(argument.getArgNumber(), name) : Attribute();
  }
  return value.getDefiningOp()->getDiscardableAttr(name);
}

void quantize::removeNotes(Operation *op) {
  for (StringRef name : {rangeAttrName, seenAttrName, int16AttrName, keepFloatAttrName, inputEnergyAttrName})
    op->removeDiscardableAttr(name);
}

bool quantize::isMarkedInt16(Value value) { return bool(noteOn(value, int16AttrName)); }

FailureOr<std::optional<Range>> quantize::getSeen(Value value) {
  auto numbers = dyn_cast_or_null<DenseF32ArrayAttr>(noteOn(value, seenAttrName));
  if (!numbers || numbers.size() != 2 || !std::isfinite(numbers[0]) || !std::isfinite(numbers[1]) || numbers[0] > numbers[1])
    return getRange(value);
  return std::optional<Range>(Range{numbers[0], numbers[1]});
}

void quantize::setSeen(Value value, Range range) {
  auto attribute = DenseF32ArrayAttr::get(value.getContext(), {range.low, range.high});
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (func::FuncOp function = functionOf(argument))
      function.setArgAttr(argument.getArgNumber(), seenAttrName, attribute);
  } else if (value.getDefiningOp()->getNumResults() == 1) {
    value.getDefiningOp()->setDiscardableAttr(seenAttrName, attribute);
  }
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
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (op->getNumResults() > 1) {
    llvm::SmallVector<float> numbers;
    auto known = dyn_cast_or_null<DenseF32ArrayAttr>(op->getDiscardableAttr(rangeAttrName));
    for (unsigned i = 0; i < op->getNumResults(); ++i) {
      bool isKnown = known && size_t(known.size()) == 2 * size_t(op->getNumResults());
      numbers.append({isKnown ? known[2 * i] : 1.0f, isKnown ? known[2 * i + 1] : -1.0f});
    }
    numbers[2 * result.getResultNumber()] = range.low;
    numbers[2 * result.getResultNumber() + 1] = range.high;
    attribute = DenseF32ArrayAttr::get(value.getContext(), numbers);
  }
  op->setDiscardableAttr(rangeAttrName, attribute);
}
