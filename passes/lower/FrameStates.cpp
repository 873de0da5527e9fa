// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Windows over what values have been in the runs before.
#include "passes/lower/FrameStates.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::lower;

// A tensor of one element for all of `type`, of the value that no maximum is below.
static ElementsAttr lowestOf(RankedTensorType type) {
  RankedTensorType stored = storageTensorType(type);
  Type element = stored.getElementType();
  if (auto real = dyn_cast<FloatType>(element))
    return DenseElementsAttr::get(stored, APFloat::getInf(real.getFloatSemantics(), /*Negative=*/true));
  return DenseElementsAttr::get(stored, APInt::getSignedMinValue(element.getIntOrFloatBitWidth()));
}

static ElementsAttr zeroOf(RankedTensorType type) {
  RankedTensorType stored = storageTensorType(type);
  if (auto real = dyn_cast<FloatType>(stored.getElementType()))
    return DenseElementsAttr::get(stored, APFloat::getZero(real.getFloatSemantics()));
  auto quantized = nn::getActivationType(type);
  return DenseElementsAttr::get(stored, APInt(stored.getElementTypeBitWidth(), uint64_t(quantized ? quantized.getZeroPoint() : 0),
                                              /*isSigned=*/true));
}

static ElementsAttr fillOf(RankedTensorType type, Fill fill) { return fill == Fill::Lowest ? lowestOf(type) : zeroOf(type); }

// Reads for which it does not matter share the window of those for which it does.
FrameStates::Key FrameStates::keyOf(const FrameRead &read) const {
  if (read.fill != Fill::Any)
    return {read.value, read.fill, read.isMasked};
  for (const auto &[key, window] : windows)
    if (std::get<0>(key) == read.value && std::get<1>(key) != Fill::Any)
      return key;
  return {read.value, Fill::Any, false};
}

void FrameStates::plan() {
  for (bool isAny : {false, true})
    for (Operation &op : function.getBody().front().without_terminator())
      if (const FramePlan *plan = times.findPlan(&op))
        for (const std::optional<FrameRead> &read : plan->operands)
          if (read && (read->fill == Fill::Any) == isAny && (read->begin < 0 || read->isMasked)) {
            Window &window = windows[keyOf(*read)];
            window.past = std::max(window.past, -read->begin);
          }
}

Value FrameStates::constant(Type type, ElementsAttr value, Location loc) { return builder.create<nn::ConstantOp>(loc, type, value); }

Value FrameStates::slice(Value x, int64_t axis, int64_t begin, int64_t end, int64_t stride, Location loc) {
  auto type = cast<RankedTensorType>(x.getType());
  llvm::SmallVector<int64_t> offsets(type.getRank(), 0), sizes(type.getShape()), strides(type.getRank(), 1);
  offsets[axis] = begin;
  sizes[axis] = (end - begin - 1) / stride + 1;
  strides[axis] = stride;
  if (ArrayRef(sizes) == type.getShape())
    return x;
  return builder.create<nn::SliceOp>(loc, RankedTensorType::get(sizes, type.getElementType()), x, offsets, sizes, strides);
}

Value FrameStates::add(llvm::StringRef name, RankedTensorType type, ElementsAttr start) {
  std::string unique = name.str();
  if (int number = names[name.str()]++)
    unique += "." + std::to_string(number + 1);
  Value argument = builder.getInsertionBlock()->addArgument(type, nodeLocation(builder.getContext(), unique));
  states.push_back({argument, {}, unique, start});
  return argument;
}

void FrameStates::setNext(Value state, Value next) {
  for (State &one : states)
    if (one.argument == state)
      one.next = next;
}

Value FrameStates::makeMask(int64_t delay, int64_t count, int64_t step, Location loc) {
  auto i32 = builder.getI32Type();
  auto one = RankedTensorType::get({1}, i32);
  auto number = [&](int64_t value) { return constant(one, DenseElementsAttr::get(one, APInt(32, uint64_t(value))), loc); };
  Value &counter = counters[{delay, count}];
  if (!counter) {
    counter = add("frames so far", one);
    Value more = builder.create<nn::BinaryOp>(loc, one, nn::BinaryKind::Add, counter, number(count), FloatAttr(), FloatAttr());
    setNext(counter, builder.create<nn::BinaryOp>(loc, one, nn::BinaryKind::Min, more, number(delay), FloatAttr(), FloatAttr()));
  }
  // Element i is one of the window if counter + i >= delay.
  llvm::SmallVector<int32_t> least;
  for (int64_t i = 0; i < count; ++i)
    if (step < 0 || i == step)
      least.push_back(int32_t(delay - i));
  auto type = RankedTensorType::get({int64_t(least.size())}, i32);
  return builder.create<nn::CompareOp>(loc, RankedTensorType::get(type.getShape(), builder.getI1Type()), nn::CompareKind::LessEqual,
                                       constant(type, DenseElementsAttr::get(type, ArrayRef<int32_t>(least)), loc), counter);
}

Value FrameStates::mask(const FrameRead &read, Value current, Location loc) {
  auto type = cast<RankedTensorType>(current.getType());
  const FrameTime &time = *times.find(read.value);
  int64_t count = times.countOf(time);
  Value mask = makeMask(time.delay, count, -1, loc);
  llvm::SmallVector<int64_t> shape(type.getRank(), 1);
  auto scalar = RankedTensorType::get(shape, type.getElementType());
  shape[time.axis] = count;
  mask = builder.create<nn::ReshapeOp>(loc, RankedTensorType::get(shape, builder.getI1Type()), mask);
  return builder.create<nn::SelectOp>(loc, type, mask, current, constant(scalar, fillOf(scalar, read.fill), loc));
}

Value FrameStates::read(const FrameRead &read, Value current, Location loc) {
  const FrameTime &time = *times.find(read.value);
  int64_t count = times.countOf(time);
  auto found = windows.find(keyOf(read));
  if (read.begin >= 0 && !read.isMasked)
    return slice(current, time.axis, read.begin, read.end, 1, loc);
  Window &window = found->second;
  auto [value, fill, isMasked] = found->first;
  if (!window.whole) {
    FrameRead like{value, 0, 0, fill, isMasked};
    window.whole = isMasked ? mask(like, current, loc) : current;
    if (window.past > 0) {
      RankedTensorType type = times.typeOf(value);
      llvm::SmallVector<int64_t> shape(type.getShape());
      shape[time.axis] = window.past + count;
      type = RankedTensorType::get(shape, type.getElementType());
      Value before = add(nodeName(value.getLoc()) + ".past", type, fill == Fill::Lowest ? lowestOf(type) : ElementsAttr());
      Location here = value.getLoc();
      Value kept = slice(before, time.axis, count, window.past + count, 1, here);
      window.whole = builder.create<nn::ConcatOp>(here, type, ValueRange{kept, window.whole}, uint64_t(time.axis));
      setNext(before, window.whole);
    }
  }
  return slice(window.whole, time.axis, window.past + read.begin, window.past + read.end, 1, loc);
}
