// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Marks, costs, and the greedy choice of --activations auto.
#include "compiler/pipeline/Int16Choice.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/nn/NNDialect.h"
#include "passes/quantize/Range.h"
#include "llvm/Support/GlobPattern.h"
#include <cmath>

using namespace mlir;
using namespace thimble;

constexpr double leastGainDb = 0.5;

constexpr llvm::StringLiteral askedFor = "asked for";

bool thimble::canBeMarked(Operation *op) {
  return !isa<nn::ConstantOp, nn::QuantizeOp, nn::DequantizeOp>(op) && llvm::any_of(op->getResults(), quantize::isFloat);
}

void thimble::markInt16(Operation *op, StringRef reason) {
  op->removeDiscardableAttr(quantize::keepFloatAttrName);
  op->setDiscardableAttr(quantize::int16AttrName, StringAttr::get(op->getContext(), reason));
}

void thimble::markFloat(Operation *op, StringRef reason) {
  op->removeDiscardableAttr(quantize::int16AttrName);
  op->setDiscardableAttr(quantize::keepFloatAttrName, StringAttr::get(op->getContext(), reason));
}

// Calls `mark` for each pattern, which says whether the pattern names anything of the kind that `what` describes.
static LogicalResult forEachPattern(func::FuncOp function, ArrayRef<std::string> patterns, StringRef type, StringRef what,
                                    llvm::function_ref<bool(const llvm::GlobPattern &)> mark) {
  for (const std::string &text : patterns) {
    llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(text);
    if (!pattern)
      return function.emitError("--activations ") << text << "=" << type << ": " << llvm::toString(pattern.takeError());
    if (!mark(*pattern))
      return function.emitError("--activations ") << text << "=" << type << " names no " << what
                                                  << " that computes with real numbers";
  }
  return success();
}

// Marks operations that the pattern names; false if there is none.
static bool markNamed(func::FuncOp function, const llvm::GlobPattern &pattern, void (*mark)(Operation *, StringRef)) {
  bool isAny = false;
  for (Operation &op : function.getBody().front())
    if (canBeMarked(&op) && pattern.match(nodeName(op.getLoc()))) {
      mark(&op, askedFor);
      isAny = true;
    }
  return isAny;
}

LogicalResult thimble::markInt16(func::FuncOp function, ArrayRef<std::string> patterns, bool all) {
  auto mark = [&](const llvm::GlobPattern &pattern) {
    bool isAny = markNamed(function, pattern, markInt16);
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto name = function.getArgAttrOfType<StringAttr>(i, "onnx.name");
      if (quantize::isFloat(function.getArgument(i)) && pattern.match(name ? name.getValue() : StringRef())) {
        function.setArgAttr(i, quantize::int16AttrName, StringAttr::get(function.getContext(), askedFor));
        isAny = true;
      }
    }
    return isAny;
  };
  if (all)
    mark(cantFail(llvm::GlobPattern::create("*")));
  return forEachPattern(function, patterns, "int16", "node and no input", mark);
}

LogicalResult thimble::markFloat(func::FuncOp function, ArrayRef<std::string> patterns) {
  return forEachPattern(function, patterns, "float", "node",
                        [&](const llvm::GlobPattern &pattern) { return markNamed(function, pattern, markFloat); });
}

LayerMarks thimble::unmark(func::FuncOp function, StringRef name) {
  LayerMarks marks;
  for (Operation &op : function.getBody().front())
    if (nodeName(op.getLoc()) == name) {
      marks.emplace_back(&op, op.getDiscardableAttrDictionary());
      op.removeDiscardableAttr(quantize::int16AttrName);
      op.removeDiscardableAttr(quantize::keepFloatAttrName);
    }
  return marks;
}

void thimble::restore(const LayerMarks &marks) {
  for (auto [op, attributes] : marks)
    op->setDiscardableAttrs(attributes);
}

int64_t thimble::layerBytes(func::FuncOp function, StringRef name) {
  int64_t bytes = 0;
  for (Operation &op : function.getBody().front())
    if (!isa<nn::ConstantOp>(op) && nodeName(op.getLoc()) == name)
      for (ValueRange values : {ValueRange(op.getOperands()), ValueRange(op.getResults())})
        for (Value value : values)
          if (quantize::isFloat(value))
            bytes += tensorBytes(cast<RankedTensorType>(value.getType()));
  return bytes;
}

Operation *thimble::findLayer(func::FuncOp function, StringRef name) {
  Operation *found = nullptr;
  for (Operation &op : function.getBody().front())
    if (canBeMarked(&op) && nodeName(op.getLoc()) == name)
      found = &op;
  return found;
}

// Elements of activations among values.
static int64_t countElements(ValueRange values) {
  int64_t count = 0;
  for (Value value : values)
    if (quantize::isFloat(value) && !isa_and_nonnull<nn::ConstantOp>(value.getDefiningOp()))
      count += cast<RankedTensorType>(value.getType()).getNumElements();
  return count;
}

int64_t thimble::extraBytes(Operation *op) { return countElements(op->getOperands()) + countElements(op->getResults()); }

// Instructions of the inner loops of the int16 kernels above those of the int8 kernels.
int64_t thimble::extraInstructions(Operation *op) {
  int64_t elements = countElements(op->getResults()), conversion = 12 * countElements(op->getOperands());
  return llvm::TypeSwitch<Operation *, int64_t>(op)
             .Case<nn::Conv2DOp, nn::FullyConnectedOp>([](auto typed) { return typed.getMacs(); })
             .Case([](nn::MatMulOp typed) { return 5 * typed.getMacs(); })
             .Case([&](nn::SoftmaxOp) { return 60 * elements; })
             .Default([&](Operation *) { return 8 * elements; }) +
         conversion;
}

int64_t thimble::liveBytes(func::FuncOp function) {
  llvm::DenseMap<Value, int64_t> uses;
  Block &body = function.getBody().front();
  int64_t live = 0, most = 0;
  auto bytesOf = [](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && !isa_and_nonnull<nn::ConstantOp>(value.getDefiningOp()) ? tensorBytes(type) : 0;
  };
  for (BlockArgument argument : body.getArguments())
    live += bytesOf(argument);
  for (Operation &op : body) {
    for (Value result : op.getResults())
      live += bytesOf(result);
    most = std::max(most, live);
    llvm::SmallDenseSet<Value> operands(op.operand_begin(), op.operand_end());
    for (Value operand : operands) {
      int64_t seen = uses[operand] += llvm::count(op.getOperands(), operand);
      if (seen == std::distance(operand.use_begin(), operand.use_end()))
        live -= bytesOf(operand);
    }
    for (Value result : op.getResults())
      if (result.use_empty())
        live -= bytesOf(result);
  }
  return most;
}

FailureOr<std::vector<std::string>> thimble::chooseInt16(func::FuncOp function, ArrayRef<std::string> layers,
                                                         std::optional<uint64_t> ramBudget, MeasureInt16 measure) {
  struct Candidate {
    std::string name;
    double gain; // for each byte
  };
  FailureOr<Int16Trial> before = measure({});
  if (failed(before))
    return failure();
  // What does not fit in int8 must at least not grow.
  int64_t limit = ramBudget ? std::max(int64_t(std::min<uint64_t>(*ramBudget, INT64_MAX)), before->bytes) : INT64_MAX;
  std::vector<Candidate> candidates;
  for (const std::string &name : layers) {
    FailureOr<Int16Trial> trial = measure(name);
    if (failed(trial))
      return failure();
    double gain = trial->sqnrDb - before->sqnrDb;
    if (gain > 0 && trial->bytes <= limit)
      candidates.push_back({name, gain / double(std::max<int64_t>(extraBytes(findLayer(function, name)), 1))});
  }
  llvm::sort(candidates, [](const Candidate &a, const Candidate &b) {
    return a.gain != b.gain ? a.gain > b.gain : a.name < b.name;
  });
  std::vector<std::string> chosen;
  double reached = before->sqnrDb;
  for (const Candidate &candidate : candidates) {
    chosen.push_back(candidate.name);
    FailureOr<Int16Trial> trial = measure(chosen);
    if (failed(trial))
      return failure();
    if (trial->sqnrDb >= reached + leastGainDb && trial->bytes <= limit)
      reached = trial->sqnrDb;
    else
      chosen.pop_back();
  }
  return chosen;
}
