// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Signal-to-noise ratios and accuracies, on the runtime's own kernels.
#include "compiler/calibrate/Fidelity.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/nn/NNStates.h"
#include "passes/quantize/Range.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

namespace {
// Sums of squares of a signal and of its error.
struct Power {
  double signal = 0, error = 0;

  void add(ArrayRef<float> reference, ArrayRef<float> quantized) {
    for (auto [x, y] : llvm::zip(reference, quantized)) {
      signal += double(x) * x;
      error += (double(x) - y) * (double(x) - y);
    }
  }
  double ratioDb() const {
    if (error == 0)
      return INFINITY;
    return signal == 0 ? -INFINITY : 10 * std::log10(signal / error);
  }
};

struct ValuePair {
  Value reference, quantized;
  Power power;
};
} // namespace

// The last result of each node, in program order of first appearance; of a recurrent layer its first result that is used, since
// conversions of the others follow it.
static llvm::MapVector<StringRef, Value> namedResults(func::FuncOp function, MLIRContext *context) {
  llvm::MapVector<StringRef, Value> results;
  for (Operation &op : function.getBody().front()) {
    auto result =
        llvm::find_if(op.getResults(), [](Value value) { return SampleRunner::hasReals(value) && !value.use_empty(); });
    if (result == op.result_end() || isa<nn::ConstantOp>(op))
      continue;
    std::string name = nodeName(op.getLoc());
    if (name.empty())
      continue;
    Value &named = results[StringAttr::get(context, name).getValue()];
    bool isRecurrent = named && named.getDefiningOp()->getNumResults() > 1;
    if (!isRecurrent)
      named = *result;
  }
  return results;
}

static int64_t elementCount(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }

// The numbers of a value in the model's own scale, where calibration scaled its channels.
static std::vector<float> modelReals(const SampleRunner &runner, Value value) {
  std::vector<float> reals = runner.getReals(value);
  if (ArrayRef<float> factors = quantize::getChannelFactors(value); !factors.empty())
    for (auto [i, real] : llvm::enumerate(reals))
      real /= factors[i % factors.size()];
  return reals;
}

static LogicalResult measure(func::FuncOp reference, func::FuncOp quantized, ArrayRef<Sample> samples,
                             MutableArrayRef<ValuePair> pairs) {
  FailureOr<SampleRunner> a = SampleRunner::create(reference), b = SampleRunner::create(quantized);
  if (failed(a) || failed(b))
    return failure();
  for (const Sample &sample : samples) {
    if (failed(a->run(sample)) || failed(b->run(sample)))
      return failure();
    for (ValuePair &pair : pairs)
      pair.power.add(modelReals(*a, pair.reference), modelReals(*b, pair.quantized));
  }
  return success();
}

FailureOr<std::vector<LayerError>> calibrate::computeLayerErrors(func::FuncOp reference, func::FuncOp quantized,
                                                                 ArrayRef<Sample> samples) {
  llvm::MapVector<StringRef, Value> before = namedResults(reference, reference.getContext());
  llvm::MapVector<StringRef, Value> after = namedResults(quantized, reference.getContext());
  std::vector<ValuePair> pairs;
  std::vector<LayerError> errors;
  for (auto [name, value] : before) {
    Value counterpart = after.lookup(name);
    if (!counterpart || elementCount(value) != elementCount(counterpart))
      continue;
    pairs.push_back({value, counterpart, {}});
    errors.push_back({name.str(), counterpart.getDefiningOp()->getName().stripDialect().str(), 0});
  }
  if (failed(measure(reference, quantized, samples, pairs)))
    return failure();
  for (auto [error, pair] : llvm::zip(errors, pairs))
    error.sqnrDb = pair.power.ratioDb();
  return errors;
}

FailureOr<double> calibrate::computeOutputSqnr(func::FuncOp reference, func::FuncOp quantized, ArrayRef<Sample> samples) {
  std::vector<ValuePair> pairs;
  for (auto [a, b] : llvm::zip(reference.getBody().front().getTerminator()->getOperands(),
                               quantized.getBody().front().getTerminator()->getOperands()))
    if (SampleRunner::hasReals(a) && SampleRunner::hasReals(b))
      pairs.push_back({a, b, {}});
  if (failed(measure(reference, quantized, samples, pairs)))
    return failure();
  Power all;
  for (const ValuePair &pair : pairs) {
    all.signal += pair.power.signal;
    all.error += pair.power.error;
  }
  return all.ratioDb();
}

FailureOr<double> calibrate::computeAccuracy(func::FuncOp function, ArrayRef<Sample> samples, ArrayRef<int64_t> labels) {
  if (samples.size() != labels.size() || samples.empty())
    return function.emitError("accuracy needs one label for each sample, got ") << labels.size() << " for " << samples.size();
  FailureOr<SampleRunner> runner = SampleRunner::create(function);
  if (failed(runner))
    return failure();
  Operation *terminator = function.getBody().front().getTerminator();
  llvm::SmallVector<unsigned> results = nn::getPublicResults(function);
  if (results.empty())
    return function.emitError("accuracy needs an output");
  Value output = terminator->getOperand(results.front());
  size_t right = 0;
  for (auto [sample, label] : llvm::zip(samples, labels)) {
    if (failed(runner->run(sample)))
      return failure();
    if (SampleRunner::hasReals(output)) {
      std::vector<float> scores = runner->getReals(output);
      right += llvm::max_element(scores) - scores.begin() == label;
    } else if (std::optional<int64_t> chosen = runner->getInteger(output)) {
      right += *chosen == label;
    } else {
      return function.emitError("accuracy needs a first output of real numbers or one integer, got ") << output.getType();
    }
  }
  return double(right) / double(samples.size());
}
