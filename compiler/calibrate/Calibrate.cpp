// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The loop over samples and values.
#include "compiler/calibrate/Calibrate.h"
#include "compiler/calibrate/Equalize.h"
#include "passes/quantize/Range.h"
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

namespace {
// Sums the squares of a layer's input, for each channel.
struct InputEnergy {
  Operation *op;
  std::vector<double> sums;
  int64_t count = 0; // of elements for each channel

  explicit InputEnergy(Operation *op)
      : op(op), sums(size_t(cast<RankedTensorType>(op->getOperand(0).getType()).getShape().back()), 0) {}

  void add(const std::vector<float> &input) {
    for (size_t i = 0; i < input.size(); ++i)
      sums[i % sums.size()] += double(input[i]) * double(input[i]);
    count += int64_t(input.size() / sums.size());
  }

  void attach() const {
    SmallVector<float> means;
    for (double sum : sums)
      means.push_back(float(sum / double(std::max<int64_t>(count, 1))));
    op->setDiscardableAttr(quantize::inputEnergyAttrName, DenseF32ArrayAttr::get(op->getContext(), means));
  }
};
} // namespace

static std::vector<InputEnergy> weightedLayers(func::FuncOp function) {
  std::vector<InputEnergy> layers;
  function.walk([&](Operation *op) {
    bool hasChannels = op->getNumOperands() > 0 && quantize::isFloat(op->getOperand(0)) &&
                       cast<RankedTensorType>(op->getOperand(0).getType()).getNumElements() > 0;
    if (isa<nn::Conv2DOp, nn::FullyConnectedOp>(op) && hasChannels)
      layers.emplace_back(op);
  });
  return layers;
}

LogicalResult calibrate::calibrate(func::FuncOp function, ArrayRef<Sample> samples, const CalibrationOptions &options) {
  if (samples.empty())
    return function.emitError("cannot be calibrated without samples");
  size_t done = 0, total = samples.size() * (options.equalize ? 2 : 1);
  auto report = [&](size_t, size_t) {
    if (options.progress)
      options.progress(++done, total);
  };
  if (options.equalize && failed(equalize(function, samples, report)))
    return failure();
  FailureOr<SampleRunner> runner = SampleRunner::create(function);
  if (failed(runner))
    return failure();
  SmallVector<Value> values = observedValues(function);
  std::vector<Histogram> histograms(values.size());
  std::vector<InputEnergy> layers = weightedLayers(function);
  for (const Sample &sample : samples) {
    if (failed(runner->run(sample)))
      return failure();
    for (auto [value, histogram] : llvm::zip(values, histograms))
      histogram.add(runner->getReals(value));
    for (InputEnergy &layer : layers)
      layer.add(runner->getReals(layer.op->getOperand(0)));
    report(0, 0);
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
  for (const InputEnergy &layer : layers)
    layer.attach();
  return success();
}
