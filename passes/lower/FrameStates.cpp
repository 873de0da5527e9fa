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
  return DenseElementsAttr::get(stored,
                                APInt(stored.getElementTypeBitWidth(), uint64_t(quantized ? quantized.getZeroPoint() : 0),
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
            int64_t rows = (read->end - read->begin - 1) / read->step + 1;
            bool isStepped = read->step > 1 && nn::isQuantized(read->value.getType());
            ++window.reads;
            window.readRows += rows;
            window.steppedReads += isStepped;
            window.steppedRows += isStepped ? rows : 0;
          }
  for (auto &[key, window] : windows)
    window.isRing = isRing(std::get<0>(key), window);
}

Value FrameStates::constant(Type type, ElementsAttr value, Location loc) {
  return builder.create<nn::ConstantOp>(loc, type, value);
}

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
    setNext(counter,
            builder.create<nn::BinaryOp>(loc, one, nn::BinaryKind::Min, more, number(delay), FloatAttr(), FloatAttr()));
  }
  // Element i is one of the window if counter + i >= delay.
  llvm::SmallVector<int32_t> least;
  for (int64_t i = 0; i < count; ++i)
    if (step < 0 || i == step)
      least.push_back(int32_t(delay - i));
  auto type = RankedTensorType::get({int64_t(least.size())}, i32);
  return builder.create<nn::CompareOp>(loc, RankedTensorType::get(type.getShape(), builder.getI1Type()),
                                       nn::CompareKind::LessEqual,
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

// Where a ring pays: moving the past down takes more instructions than to find one's way in a ring. Figures of Cortex-M4.
bool FrameStates::isRing(Value value, const Window &window) const {
  const FrameTime &time = *times.find(value);
  RankedTensorType type = times.typeOf(value);
  int64_t count = times.countOf(time), outer = 1;
  for (int64_t size : type.getShape().take_front(time.axis))
    outer *= size;
  if (outer != 1 || window.past == 0)
    return false;
  int64_t rowBytes = tensorBytes(type) / count;
  int64_t moves = 50 + window.past * rowBytes * 6 / 10 + window.steppedReads * 70 + window.steppedRows * 107;
  int64_t turns = 180 + 80 + (25 + rowBytes / 4) * count + window.reads * 250 + (30 + rowBytes / 4) * window.readRows;
  return turns < moves;
}

// i64 [n]: the position plus each offset; negative ones count from the end of the ring.
Value FrameStates::shifted(Value position, ArrayRef<int64_t> offsets, Location loc) {
  auto type = RankedTensorType::get({int64_t(offsets.size())}, builder.getI64Type());
  if (offsets == ArrayRef<int64_t>{0})
    return position;
  Value &known = indices[{position.getAsOpaquePointer(), offsets.vec()}];
  if (!known)
    known = builder.create<nn::BinaryOp>(loc, type, nn::BinaryKind::Add, position,
                                         constant(type, DenseElementsAttr::get(type, offsets), loc), FloatAttr(), FloatAttr());
  return known;
}

void FrameStates::makeRing(Window &window, Value value, Value current, Value before) {
  Location loc = value.getLoc();
  const FrameTime &time = *times.find(value);
  int64_t count = times.countOf(time), size = window.past + count;
  auto one = RankedTensorType::get({1}, builder.getI64Type());
  Value &newest = positions[{size, count}];
  if (!newest) {
    auto number = [&](int64_t n) { return constant(one, DenseElementsAttr::get(one, APInt(64, uint64_t(n))), loc); };
    Value last = add("position in " + std::to_string(size), one);
    Value next = builder.create<nn::BinaryOp>(loc, one, nn::BinaryKind::Add, last, number(count), FloatAttr(), FloatAttr());
    newest = builder.create<nn::BinaryOp>(loc, one, nn::BinaryKind::Mod, next, number(size), FloatAttr(), FloatAttr());
    setNext(last, newest);
  }
  window.newest = newest;
  auto type = cast<RankedTensorType>(before.getType());
  llvm::SmallVector<int64_t> offsets;
  for (int64_t i = 0; i < count; ++i)
    offsets.push_back(i + 1 - count);
  Value indices = builder.create<nn::ReshapeOp>(loc, RankedTensorType::get({count, 1}, builder.getI64Type()),
                                                shifted(newest, offsets, loc));
  Value rows =
      builder.create<nn::ReshapeOp>(loc, RankedTensorType::get({count, type.getDimSize(1)}, type.getElementType()), current);
  window.whole = builder.create<nn::ScatterNDOp>(loc, type, nn::ScatterKind::Replace, before, indices, rows);
  setNext(before, window.whole);
}

Value FrameStates::readRing(const FrameRead &read, const Window &window, Location loc) {
  const FrameTime &time = *times.find(read.value);
  llvm::SmallVector<int64_t> offsets;
  for (int64_t row = read.begin; row < read.end; row += read.step)
    offsets.push_back(row + 1 - times.countOf(time));
  auto type = cast<RankedTensorType>(window.whole.getType());
  auto rows = RankedTensorType::get({int64_t(offsets.size()), type.getDimSize(1)}, type.getElementType());
  Value gathered = builder.create<nn::GatherOp>(loc, rows, window.whole, shifted(window.newest, offsets, loc), uint64_t(0));
  llvm::SmallVector<int64_t> shape(times.typeOf(read.value).getShape());
  shape[time.axis] = rows.getDimSize(0);
  return builder.create<nn::ReshapeOp>(loc, RankedTensorType::get(shape, type.getElementType()), gathered);
}

void FrameStates::makeWindow(const FrameRead &read, Fill fill, bool isMasked, Window &window, Value current, Location loc) {
  const FrameTime &time = *times.find(read.value);
  Value value = read.value;
  FrameRead like{value, 0, 0, 1, fill, isMasked};
  window.whole = isMasked ? mask(like, current, loc) : current;
  if (window.past == 0)
    return;
  int64_t count = times.countOf(time), size = window.past + count;
  RankedTensorType type = times.typeOf(value);
  llvm::SmallVector<int64_t> shape(type.getShape());
  shape[time.axis] = size;
  if (window.isRing)
    shape = {size, type.getNumElements() / count};
  type = RankedTensorType::get(shape, type.getElementType());
  Value before = add(nodeName(value.getLoc()) + ".past", type, fill == Fill::Lowest ? lowestOf(type) : ElementsAttr());
  if (window.isRing)
    return makeRing(window, value, window.whole, before);
  Value kept = slice(before, time.axis, count, size, 1, value.getLoc());
  window.whole = builder.create<nn::ConcatOp>(value.getLoc(), type, ValueRange{kept, window.whole}, uint64_t(time.axis));
  setNext(before, window.whole);
}

Value FrameStates::read(const FrameRead &read, Value current, Location loc, bool &isStepped) {
  const FrameTime &time = *times.find(read.value);
  // A fully connected layer of int8 needs no copy of its own, as a convolution with gaps does.
  isStepped = read.step > 1 && nn::isQuantized(current.getType());
  if (read.begin >= 0 && !read.isMasked)
    return slice(current, time.axis, read.begin, read.end, isStepped ? read.step : 1, loc);
  auto found = windows.find(keyOf(read));
  Window &window = found->second;
  if (!window.whole)
    makeWindow(read, std::get<1>(found->first), std::get<2>(found->first), window, current, loc);
  isStepped |= read.step > 1 && window.isRing;
  if (window.isRing)
    return readRing(read, window, loc);
  return slice(window.whole, time.axis, window.past + read.begin, window.past + read.end, isStepped ? read.step : 1, loc);
}
