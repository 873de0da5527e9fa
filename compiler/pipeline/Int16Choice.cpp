// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Costs, and the greedy choice of --activations auto.
#include "compiler/pipeline/Int16Choice.h"
#include "compiler/pipeline/LayerMarks.h"
#include "compiler/support/Constants.h"
#include "dialects/nn/NNDialect.h"
#include "passes/quantize/Range.h"

using namespace mlir;
using namespace thimble;

constexpr double leastGainDb = 0.5;

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
