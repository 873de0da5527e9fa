// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The loop over samples and values.
#include "compiler/calibrate/Calibrate.h"
#include "passes/quantize/ScaleSharing.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

// The f32 values that calibration observes.
static SmallVector<Value> observedValues(func::FuncOp function) {
  SmallVector<Value> values;
  Block &body = function.getBody().front();
  for (BlockArgument argument : body.getArguments())
    if (quantize::isFloat(argument))
      values.push_back(argument);
  for (Operation &op : body)
    if (op.getNumResults() == 1 && quantize::isFloat(op.getResult(0)) && !isa<nn::ConstantOp>(op))
      values.push_back(op.getResult(0));
  return values;
}

// Values whose largest numbers decide about the result.
static llvm::DenseSet<Value> decisiveValues(func::FuncOp function) {
  llvm::DenseSet<Value> decisive;
  Block &body = function.getBody().front();
  for (Operation &op : llvm::reverse(body)) {
    if (isa<func::ReturnOp, nn::SoftmaxOp, nn::ArgOp>(op))
      decisive.insert(op.operand_begin(), op.operand_end());
    else if (op.getNumResults() == 1 && decisive.contains(op.getResult(0)))
      for (OpOperand *operand : quantize::getSharingOperands(&op))
        decisive.insert(operand->get());
  }
  decisive.insert(body.args_begin(), body.args_end());
  return decisive;
}

LogicalResult calibrate::calibrate(func::FuncOp function, ArrayRef<Sample> samples, const CalibrationOptions &options) {
  if (samples.empty())
    return function.emitError("cannot be calibrated without samples");
  FailureOr<SampleRunner> runner = SampleRunner::create(function);
  if (failed(runner))
    return failure();
  SmallVector<Value> values = observedValues(function);
  std::vector<Histogram> histograms(values.size());
  for (auto [i, sample] : llvm::enumerate(samples)) {
    if (failed(runner->run(sample)))
      return failure();
    for (auto [value, histogram] : llvm::zip(values, histograms))
      histogram.add(runner->getReals(value));
    if (options.progress)
      options.progress(i + 1, samples.size());
  }
  llvm::DenseSet<Value> decisive = decisiveValues(function);
  for (auto [value, histogram] : llvm::zip(values, histograms)) {
    // Later values only inherit what is wrong with the first.
    if (!histogram.isFinite())
      return emitError(value.getLoc()) << (isa<BlockArgument>(value) ? "input holds" : "computes")
                                       << " infinite or undefined numbers (inf, NaN) on the calibration samples; its range is unknown";
    if (histogram.isEmpty())
      quantize::setRange(value, {0, 0});
    else
      quantize::setRange(value, chooseRange(histogram, decisive.contains(value) ? RangeMethod::MinMax : options.method,
                                            options.percentile));
  }
  return success();
}
