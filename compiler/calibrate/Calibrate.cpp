// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The loop over samples and values.
#include "compiler/calibrate/Calibrate.h"
#include "compiler/calibrate/RefineRanges.h"
#include "passes/quantize/Range.h"
#include "passes/quantize/ScaleSharing.h"
#include <cmath>

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
    for (Value result : op.getResults())
      if (quantize::isFloat(result) && !isa<nn::ConstantOp>(op) &&
          cast<RankedTensorType>(result.getType()).getNumElements() > 0)
        values.push_back(result);
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

namespace {
// What a softmax sees far below the largest element of a row is 0 in its result. Masks of -1e9 would otherwise take all codes.
struct SoftmaxFloor {
  nn::SoftmaxOp op;
  float lowestMaximum = INFINITY; // of all rows

  void add(const std::vector<float> &x) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getX().getType()).getShape();
    size_t inner = 1, depth = size_t(shape[op.getAxis()]);
    for (int64_t size : shape.drop_front(op.getAxis() + 1))
      inner *= size_t(size);
    for (size_t start = 0; start < x.size(); start += (start + 1) % inner == 0 ? 1 + inner * (depth - 1) : 1) {
      float maximum = -INFINITY;
      for (size_t i = 0; i < depth; ++i)
        maximum = std::max(maximum, x[start + i * inner]);
      if (std::isfinite(maximum))
        lowestMaximum = std::min(lowestMaximum, maximum);
    }
  }
};
} // namespace

// Below exp(-12) of the largest element, thousands of elements together are less than half a step of the result.
constexpr float softmaxReach = 12;
// A softmax's operand that spans more than this multiple of what matters was masked.
constexpr float maskStretch = 4;

// The number below which elements of a value do not matter, for values that only a softmax uses.
static llvm::DenseMap<Value, float> findFloors(func::FuncOp function, ArrayRef<SoftmaxFloor> softmaxes) {
  llvm::DenseMap<Value, float> floors;
  for (const SoftmaxFloor &softmax : softmaxes)
    if (nn::SoftmaxOp op = softmax.op; op.getX().hasOneUse() && !op.getLog())
      floors[op.getX()] = softmax.lowestMaximum - softmaxReach;
  for (Operation &op : llvm::reverse(function.getBody().front()))
    if (op.getNumResults() == 1 && floors.contains(op.getResult(0)))
      for (OpOperand *operand : quantize::getSharingOperands(&op))
        if (operand->get().hasOneUse())
          floors[operand->get()] = floors.lookup(op.getResult(0));
  return floors;
}

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

// The ranges of all methods that differ from `chosen`, which comes first.
static SmallVector<quantize::Range> listRanges(const Histogram &histogram, quantize::Range chosen, double percentile) {
  SmallVector<quantize::Range> ranges{chosen};
  if (histogram.isEmpty())
    return ranges;
  for (RangeMethod method : {RangeMethod::MinMax, RangeMethod::Percentile, RangeMethod::MeanSquare, RangeMethod::Entropy}) {
    quantize::Range range = chooseRange(histogram, method, percentile);
    bool isKnown = llvm::any_of(ranges, [&](quantize::Range known) {
      float near = 0.03f * (known.high - known.low);
      return std::abs(known.low - range.low) <= near && std::abs(known.high - range.high) <= near;
    });
    if (!isKnown)
      ranges.push_back(range);
  }
  return ranges;
}

LogicalResult calibrate::calibrate(func::FuncOp function, ArrayRef<Sample> samples, const CalibrationOptions &options) {
  if (samples.empty())
    return function.emitError("cannot be calibrated without samples");
  FailureOr<SampleRunner> runner = SampleRunner::create(function);
  if (failed(runner))
    return failure();
  SmallVector<Value> values = observedValues(function);
  std::vector<Histogram> histograms(values.size());
  std::vector<InputEnergy> layers = weightedLayers(function);
  std::vector<SoftmaxFloor> softmaxes;
  function.walk([&](nn::SoftmaxOp op) {
    if (quantize::isFloat(op.getX()))
      softmaxes.push_back({op});
  });
  for (auto [i, sample] : llvm::enumerate(samples)) {
    if (failed(runner->run(sample)))
      return failure();
    for (auto [value, histogram] : llvm::zip(values, histograms))
      histogram.add(runner->getReals(value));
    for (InputEnergy &layer : layers)
      layer.add(runner->getReals(layer.op->getOperand(0)));
    for (SoftmaxFloor &softmax : softmaxes)
      softmax.add(runner->getReals(softmax.op.getX()));
    if (options.progress)
      options.progress(i + 1, samples.size());
  }
  llvm::DenseSet<Value> decisive = decisiveValues(function);
  llvm::DenseMap<Value, float> floors = findFloors(function, softmaxes);
  std::vector<RangeCandidates> candidates;
  for (auto [value, histogram] : llvm::zip(values, histograms)) {
    auto floor = floors.find(value);
    bool isMasked = floor != floors.end() && histogram.isMasked();
    // Later values only inherit what is wrong with the first.
    if (!histogram.isFinite() && !isMasked)
      return emitError(value.getLoc())
             << (isa<BlockArgument>(value) ? "input holds" : "computes")
             << " infinite or undefined numbers (inf, NaN) on the calibration samples; its range is unknown";
    quantize::Range range{0, 0};
    if (!histogram.isEmpty())
      range = chooseRange(histogram, decisive.contains(value) ? RangeMethod::MinMax : options.method, options.percentile);
    // Only masks are worth it: else the numbers below are signal to whoever measures this value.
    bool isFloored = floor != floors.end() && std::isfinite(floor->second);
    if (isFloored && (isMasked || range.high - range.low > maskStretch * (range.high - floor->second)))
      range = {floor->second, std::max(range.high, floor->second)};
    quantize::setRange(value, range);
    if (!histogram.isEmpty() && !isFloored)
      quantize::setSeen(value, {histogram.getMin(), histogram.getMax()});
    if (!isFloored && !decisive.contains(value))
      candidates.push_back({value, listRanges(histogram, range, options.percentile)});
  }
  if (options.method == RangeMethod::Auto) {
    RefineOptions refine;
    refine.macs = options.refineMacs;
    refine.progress = options.refineProgress;
    if (failed(refineRanges(function, samples, candidates, refine)))
      return failure();
  }
  for (const InputEnergy &layer : layers)
    layer.attach();
  return success();
}
