// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-split-states: a state that is put together only to be taken apart again becomes its parts.
#include "compiler/support/Constants.h"
#include "dialects/nn/NNStates.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/simplify/Permutation.h"
#include "passes/simplify/Simplify.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_SPLITSTATES
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

llvm::SmallVector<int64_t> withoutOnes(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> sizes(shape);
  llvm::erase(sizes, 1);
  return sizes;
}

class Splitter {
public:
  explicit Splitter(func::FuncOp function) : function(function), body(function.getBody().front()), end(body.getTerminator()) {}

  LogicalResult check();
  bool changeOne() {
    return llvm::any_of(nn::getStates(function), [&](nn::StatePair state) {
      return dropTranspose(state) || dropReshape(state) || dropFullSlices(state) || split(state);
    });
  }

private:
  bool dropTranspose(nn::StatePair state);
  bool dropReshape(nn::StatePair state);
  bool dropFullSlices(nn::StatePair state);
  bool split(nn::StatePair state);
  LogicalResult shapeStart(nn::StatePair state);
  Attribute startAs(nn::StatePair state, Type type);
  bool hasLayout(nn::StatePair state);
  void changeType(nn::StatePair state, Type type, Value result);
  std::string nameOf(nn::StatePair state) { return function.getArgAttrOfType<StringAttr>(state.argument, "onnx.name").str(); }

  func::FuncOp function;
  Block &body;
  Operation *end;
};

} // namespace

LogicalResult Splitter::check() {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, nn::stateAttrName);
    if (name && llvm::none_of(nn::getStates(function), [&](nn::StatePair state) { return state.argument == i; }))
      return function.emitError("--state: the model has no output '") << name.getValue() << "' any more";
  }
  for (nn::StatePair state : nn::getStates(function)) {
    llvm::StringRef result = function.getResultAttrOfType<StringAttr>(state.result, "onnx.name").getValue();
    Type from = end->getOperand(state.result).getType(), to = function.getArgument(state.argument).getType();
    if (from != to)
      return function.emitError("--state ")
             << result << "=" << nameOf(state) << ": the output is " << from << ", but the input is " << to
             << "; what a run leaves for the next must have the shape and type that it reads";
    if (failed(shapeStart(state)))
      return failure();
    if (function.getResultAttr(state.result, nn::boundAttrName))
      return function.emitError("--state ") << result << "=" << nameOf(state) << ": the size of the output depends on data";
  }
  return success();
}

// What a state starts with gets its type: one number is for all elements.
LogicalResult Splitter::shapeStart(nn::StatePair state) {
  auto given = function.getArgAttrOfType<DenseElementsAttr>(state.argument, nn::stateStartAttrName);
  RankedTensorType type = typeOf(function.getArgument(state.argument));
  if (!given || !given.getElementType().isF64())
    return success();
  int64_t count = given.getNumElements();
  if (!type.getElementType().isF32() || (count != 1 && count != type.getNumElements()))
    return function.emitError("--state-init ") << nameOf(state) << ": got " << count << " numbers for a state of " << type
                                               << "; give one for each element, or one for all, of a state of f32";
  std::vector<float> numbers;
  for (double number : given.getValues<double>())
    numbers.push_back(float(number));
  if (llvm::all_of(numbers, [](float number) { return number == 0; }))
    function.removeArgAttr(state.argument, nn::stateStartAttrName);
  else if (llvm::all_equal(numbers))
    function.setArgAttr(state.argument, nn::stateStartAttrName, DenseElementsAttr::get(type, numbers[0]));
  else
    function.setArgAttr(state.argument, nn::stateStartAttrName, makeConstant(type, ArrayRef<float>(numbers), "start"));
  return success();
}

// The start of a part of a state, or of the same in another shape. What has no start has none.
Attribute Splitter::startAs(nn::StatePair state, Type type) {
  auto start = function.getArgAttrOfType<DenseElementsAttr>(state.argument, nn::stateStartAttrName);
  return start ? Attribute(DenseElementsAttr::get(cast<ShapedType>(type), start.getSplatValue<float>())) : Attribute();
}

// A state whose elements start with different numbers keeps its layout.
bool Splitter::hasLayout(nn::StatePair state) {
  Attribute start = function.getArgAttr(state.argument, nn::stateStartAttrName);
  auto dense = dyn_cast_or_null<DenseElementsAttr>(start);
  return start && !(dense && dense.isSplat());
}

void Splitter::changeType(nn::StatePair state, Type type, Value result) {
  if (Attribute start = startAs(state, type))
    function.setArgAttr(state.argument, nn::stateStartAttrName, start);
  function.getArgument(state.argument).setType(type);
  end->setOperand(state.result, result);
  function.setType(FunctionType::get(function.getContext(), body.getArgumentTypes(), end->getOperandTypes()));
}

// Nobody sees the layout of a state.
bool Splitter::dropTranspose(nn::StatePair state) {
  BlockArgument argument = function.getArgument(state.argument);
  auto last = end->getOperand(state.result).getDefiningOp<nn::TransposeOp>();
  if (!last || argument.use_empty() || hasLayout(state))
    return false;
  llvm::SmallVector<int64_t> inverse(last.getPermutation().size());
  for (auto [to, from] : llvm::enumerate(last.getPermutation()))
    inverse[size_t(from)] = int64_t(to);
  for (Operation *user : argument.getUsers())
    if (auto transpose = dyn_cast<nn::TransposeOp>(user); !transpose || transpose.getPermutation() != llvm::ArrayRef(inverse))
      return false;
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    user->getResult(0).replaceAllUsesWith(argument);
    user->erase();
  }
  changeType(state, last.getX().getType(), last.getX());
  return true;
}

// A reshape that only adds or removes dimensions of 1, over a concatenation: slices of the one are slices of the other.
bool Splitter::dropReshape(nn::StatePair state) {
  BlockArgument argument = function.getArgument(state.argument);
  auto last = end->getOperand(state.result).getDefiningOp<nn::ReshapeOp>();
  if (!last || !last.getX().getDefiningOp<nn::ConcatOp>() || argument.use_empty() || hasLayout(state) ||
      llvm::any_of(argument.getUsers(), [](Operation *user) { return !isa<nn::SliceOp>(user); }))
    return false;
  llvm::ArrayRef<int64_t> from = shapeOf(argument), to = shapeOf(last.getX());
  if (withoutOnes(from) != withoutOnes(to))
    return false;
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    auto slice = cast<nn::SliceOp>(user);
    llvm::SmallVector<int64_t> offsets(to.size(), 0), sizes(to.size(), 1), strides(to.size(), 1);
    size_t old = 0;
    for (size_t dim = 0; dim < to.size(); ++dim) {
      if (to[dim] == 1)
        continue;
      while (from[old] == 1)
        ++old;
      offsets[dim] = slice.getOffsets()[old];
      sizes[dim] = slice.getSizes()[old];
      strides[dim] = slice.getStrides()[old++];
    }
    OpBuilder builder(slice);
    auto type = RankedTensorType::get(sizes, typeOf(argument).getElementType());
    Value part = builder.create<nn::SliceOp>(slice.getLoc(), type, argument, offsets, sizes, strides);
    slice.getY().replaceAllUsesWith(builder.create<nn::ReshapeOp>(slice.getLoc(), slice.getY().getType(), part));
    slice.erase();
  }
  changeType(state, last.getX().getType(), last.getX());
  return true;
}

bool Splitter::dropFullSlices(nn::StatePair state) {
  BlockArgument argument = function.getArgument(state.argument);
  bool changed = false;
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers()))
    if (auto slice = dyn_cast<nn::SliceOp>(user);
        slice && slice.getY().getType() == argument.getType() &&
        llvm::all_of(slice.getStrides(), [](int64_t stride) { return stride == 1; })) {
      slice.getY().replaceAllUsesWith(argument);
      slice.erase();
      changed = true;
    }
  return changed;
}

bool Splitter::split(nn::StatePair state) {
  BlockArgument argument = function.getArgument(state.argument);
  auto concat = end->getOperand(state.result).getDefiningOp<nn::ConcatOp>();
  if (!concat || concat.getInputs().size() < 2 || argument.use_empty() || hasLayout(state))
    return false;
  size_t axis = size_t(concat.getAxis());
  llvm::SmallVector<int64_t> begins = {0};
  for (Value part : concat.getInputs())
    begins.push_back(begins.back() + shapeOf(part)[axis]);
  // Each slice lies in one part.
  llvm::SmallVector<std::pair<nn::SliceOp, size_t>> slices;
  for (Operation *user : argument.getUsers()) {
    auto slice = dyn_cast<nn::SliceOp>(user);
    if (!slice || slice.getStrides()[axis] != 1 || slice.getSizes()[axis] == 0)
      return false;
    size_t part = size_t(llvm::upper_bound(begins, slice.getOffsets()[axis]) - begins.begin()) - 1;
    if (slice.getOffsets()[axis] + slice.getSizes()[axis] > begins[part + 1])
      return false;
    slices.push_back({slice, part});
  }
  // The first part takes the place of the whole, so that no other position changes.
  Builder builder(function.getContext());
  std::string input = nameOf(state), output = function.getResultAttrOfType<StringAttr>(state.result, "onnx.name").str();
  llvm::SmallVector<Value> arguments, parts(concat.getInputs());
  auto given = function.getArgAttrOfType<DenseElementsAttr>(state.argument, nn::stateStartAttrName);
  std::optional<float> start = given ? std::optional(given.getSplatValue<float>()) : std::nullopt;
  for (auto [index, part] : llvm::enumerate(parts)) {
    std::string suffix = "." + std::to_string(index);
    auto named = [&](const std::string &name) {
      return builder.getNamedAttr("onnx.name", builder.getStringAttr(name + suffix));
    };
    auto next = builder.getNamedAttr(nn::stateAttrName, builder.getStringAttr(output + suffix));
    llvm::SmallVector<NamedAttribute> ofArgument{named(input), next};
    if (start)
      ofArgument.push_back(
          builder.getNamedAttr(nn::stateStartAttrName, DenseElementsAttr::get(cast<ShapedType>(part.getType()), *start)));
    DictionaryAttr argumentAttrs = builder.getDictionaryAttr(ofArgument),
                   resultAttrs = builder.getDictionaryAttr(named(output));
    if (index == 0) {
      arguments.push_back(argument);
      function.setArgAttrs(state.argument, argumentAttrs);
      function.setResultAttrs(state.result, resultAttrs);
      continue;
    }
    function.insertArgument(function.getNumArguments(), part.getType(), argumentAttrs, argument.getLoc());
    arguments.push_back(body.getArguments().back());
    function.insertResult(function.getNumResults(), part.getType(), resultAttrs);
    end->insertOperands(end->getNumOperands(), part);
  }
  for (auto [slice, part] : slices) {
    llvm::SmallVector<int64_t> offsets(slice.getOffsets());
    offsets[axis] -= begins[part];
    slice.setOffsets(offsets);
    slice.getXMutable().assign(arguments[part]);
  }
  changeType(state, parts.front().getType(), parts.front());
  return true;
}

namespace {
struct SplitStates : simplify::impl::SplitStatesBase<SplitStates> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isAllNN(function) || llvm::none_of(llvm::seq(function.getNumArguments()),
                                            [&](unsigned i) { return function.getArgAttr(i, nn::stateAttrName) != nullptr; }))
      return;
    Splitter splitter(function);
    if (failed(splitter.check()))
      return signalPassFailure();
    while (splitter.changeOne())
      ;
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};
} // namespace
