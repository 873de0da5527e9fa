// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A copy of the function with a rounding behind every value, run for every candidate.
#include "compiler/calibrate/RefineRanges.h"
#include "mlir/IR/IRMapping.h"
#include "passes/quantize/Affine.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;
using quantize::Range;

// How much better a candidate must be: less is noise of the few samples.
constexpr double leastGain = 0.04;

static double countMacs(func::FuncOp function) {
  double macs = 0;
  function.walk([&](Operation *op) {
    llvm::TypeSwitch<Operation *>(op).Case<nn::Conv2DOp, nn::FullyConnectedOp, nn::MatMulOp>(
        [&](auto typed) { macs += double(typed.getMacs()); });
    if (op->getNumResults() > 0)
      if (auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType()))
        macs += 8 * double(type.getNumElements());
  });
  return std::max(macs, 1.0);
}

namespace {
class RoundedFunction {
public:
  RoundedFunction(func::FuncOp function, ArrayRef<RangeCandidates> candidates, ArrayRef<Sample> samples)
      : function(function), samples(samples) {
    IRMapping mapping;
    rounded = cast<func::FuncOp>(function->clone(mapping));
    for (const RangeCandidates &candidate : candidates)
      addRounding(mapping.lookup(candidate.value), candidate.ranges.front());
  }

  LogicalResult measureReference() {
    FailureOr<SampleRunner> runner = SampleRunner::create(function);
    if (failed(runner))
      return failure();
    for (const Sample &sample : samples) {
      if (failed(runner->run(sample)))
        return failure();
      for (Value output : function.getBody().front().getTerminator()->getOperands())
        exact.push_back(runner->getReals(output));
    }
    return success();
  }

  void setRange(size_t index, Range range) {
    quantize::Int8Type type = quantize::chooseInt8Type(function.getContext(), range);
    roundings[index].getY().setType(quantize::withElement(roundings[index].getY().getType(), type));
  }

  // Squared error of all outputs on all samples, each relative to the output's square.
  FailureOr<double> measure() {
    FailureOr<SampleRunner> runner = SampleRunner::create(*rounded);
    if (failed(runner))
      return failure();
    double sum = 0;
    size_t at = 0;
    for (const Sample &sample : samples) {
      if (failed(runner->run(sample)))
        return failure();
      for (Value output : rounded->getBody().front().getTerminator()->getOperands()) {
        double error = 0, power = 1e-30;
        for (auto [x, y] : llvm::zip(exact[at++], runner->getReals(output))) {
          error += (double(x) - y) * (double(x) - y);
          power += double(x) * x;
        }
        sum += error / power;
      }
    }
    return sum;
  }

private:
  void addRounding(Value value, Range range) {
    OpBuilder builder(function.getContext());
    builder.setInsertionPointAfterValue(value);
    quantize::Int8Type type = quantize::chooseInt8Type(function.getContext(), range);
    auto codes = builder.create<nn::QuantizeOp>(value.getLoc(), quantize::withElement(value.getType(), type), value);
    auto real = builder.create<nn::DequantizeOp>(value.getLoc(), value.getType(), codes);
    value.replaceAllUsesExcept(real, codes);
    roundings.push_back(codes);
  }

  func::FuncOp function;
  ArrayRef<Sample> samples;
  OwningOpRef<func::FuncOp> rounded;
  SmallVector<nn::QuantizeOp> roundings; // of each candidate
  std::vector<std::vector<float>> exact;
};
} // namespace

LogicalResult calibrate::refineRanges(func::FuncOp function, ArrayRef<Sample> samples, ArrayRef<RangeCandidates> candidates,
                                      const RefineOptions &options) {
  samples = samples.take_front(options.samples);
  size_t total = 0, done = 0;
  for (const RangeCandidates &candidate : candidates)
    total += candidate.ranges.size() - 1;
  total = std::min(total, size_t(options.macs / countMacs(function) / double(std::max<size_t>(samples.size(), 1))));
  if (total == 0)
    return success();
  RoundedFunction rounded(function, candidates, samples);
  if (failed(rounded.measureReference()))
    return failure();
  FailureOr<double> least = rounded.measure();
  if (failed(least))
    return failure();
  for (auto [i, candidate] : llvm::enumerate(candidates)) {
    Range best = candidate.ranges.front();
    for (Range range : llvm::drop_begin(candidate.ranges)) {
      if (done == total)
        break;
      rounded.setRange(i, range);
      FailureOr<double> error = rounded.measure();
      if (failed(error))
        return failure();
      if (*error < *least * (1 - leastGain)) {
        best = range;
        least = error;
      }
      ++done;
      if (options.progress)
        options.progress(done, total);
    }
    rounded.setRange(i, best);
    quantize::setRange(candidate.value, best);
  }
  return success();
}
