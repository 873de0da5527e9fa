// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Factors of channels from the sizes of activations and weights, and their application to weights.
#include "compiler/calibrate/Equalize.h"
#include "compiler/calibrate/ChannelGroups.h"
#include "compiler/support/Constants.h"
#include "passes/quantize/Range.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

// Factors stay between its reciprocal and this: channels that are nearly dead should not drive the weights behind them.
constexpr double largestFactor = 32;

namespace {
// The weights of a convolution or a fully connected layer.
struct Weights {
  Operation *op;
  std::vector<float> elements;
  ArrayRef<int64_t> shape;

  explicit Weights(Operation *op)
      : op(op), elements(ConstantData::get(op->getOperand(1))->floats()),
        shape(cast<RankedTensorType>(op->getOperand(1).getType()).getShape()) {}

  bool isDepthwise() const {
    auto conv = dyn_cast<nn::Conv2DOp>(op);
    return conv && conv.isDepthwise();
  }
  size_t outputChannel(size_t index) const { return index / (elements.size() / size_t(shape[0])); }
  // The input channel that weight `index` multiplies.
  size_t inputChannel(size_t index) const {
    auto conv = dyn_cast<nn::Conv2DOp>(op);
    size_t perGroup = conv ? size_t(shape[0]) / size_t(conv.getGroups()) : size_t(shape[0]);
    return outputChannel(index) / perGroup * size_t(shape.back()) + index % size_t(shape.back());
  }
};

// What the samples show of one channel of a group.
struct ChannelSize {
  double fourthPowers = 0; // their sum
  double largest = 0;
};
} // namespace

static void replaceConstant(Operation *op, unsigned operand, ArrayRef<float> elements, StringRef name) {
  OpBuilder builder(op);
  Value old = op->getOperand(operand);
  auto type = cast<RankedTensorType>(old.getType());
  op->setOperand(operand, builder.create<nn::ConstantOp>(old.getLoc(), type, makeConstant<float>(type, elements, name)));
  if (old.use_empty())
    old.getDefiningOp()->erase();
}

// Multiplies a constant with one element for each channel: a bias, the scale of a layer normalization.
static void scaleVector(Operation *op, unsigned operand, ArrayRef<double> factors, StringRef name) {
  std::vector<float> elements = ConstantData::get(op->getOperand(operand))->floats();
  for (auto [element, factor] : llvm::zip(elements, factors))
    element = float(element * factor);
  replaceConstant(op, operand, elements, name);
}

static void scaleProducer(Operation *op, ArrayRef<double> factors) {
  if (isa<nn::LayerNormOp>(op)) {
    scaleVector(op, 1, factors, "scale");
    return scaleVector(op, 2, factors, "b");
  }
  Weights weights(op);
  for (auto [i, element] : llvm::enumerate(weights.elements))
    element = float(element * factors[weights.outputChannel(i)]);
  replaceConstant(op, 1, weights.elements, "w");
  if (op->getNumOperands() > 2)
    scaleVector(op, 2, factors, "b");
}

static void scaleConsumer(Operation *op, ArrayRef<double> factors) {
  Weights weights(op);
  for (auto [i, element] : llvm::enumerate(weights.elements))
    element = float(element / factors[weights.inputChannel(i) % factors.size()]);
  replaceConstant(op, 1, weights.elements, "w");
}

// How large the weights are that multiply each channel, relative to the largest weight of the same output channel, which sets
// their scale. Empty if only depthwise convolutions consume the channels: these have a scale for each of them.
static std::vector<double> consumedSizes(const ChannelGroup &group) {
  std::vector<double> sizes;
  for (Operation *op : group.consumers) {
    Weights weights(op);
    if (weights.isDepthwise())
      continue;
    sizes.resize(size_t(group.channels));
    std::vector<double> largest(static_cast<size_t>(weights.shape[0]));
    for (auto [i, element] : llvm::enumerate(weights.elements))
      largest[weights.outputChannel(i)] = std::max(largest[weights.outputChannel(i)], std::abs(double(element)));
    for (auto [i, element] : llvm::enumerate(weights.elements)) {
      double scale = largest[weights.outputChannel(i)], &size = sizes[weights.inputChannel(i) % sizes.size()];
      size = std::max(size, scale > 0 ? std::abs(double(element)) / scale : 0);
    }
  }
  return sizes;
}

static std::vector<double> chooseFactors(const ChannelGroup &group, ArrayRef<ChannelSize> channels) {
  std::vector<double> consumed = consumedSizes(group), factors(channels.size(), 1), sizes;
  for (const ChannelSize &channel : channels)
    sizes.push_back(std::pow(channel.fourthPowers, 0.25));
  // Equal sizes if the weights behind do not mind, else half of the way (on a logarithmic scale) to equal weights. The fourth
  // moment is between the power, which decides about the error of rounding, and the peak, which decides about clipping.
  double before = 0, after = 0;
  for (size_t c = 0; c < sizes.size(); ++c) {
    if (sizes[c] <= 0)
      continue;
    factors[c] = consumed.empty() ? 1 / sizes[c] : std::sqrt(std::max(consumed[c], 1e-3) / sizes[c]);
    before = std::max(before, sizes[c]);
    after = std::max(after, sizes[c] * factors[c]);
  }
  for (size_t c = 0; c < sizes.size(); ++c) {
    if (sizes[c] <= 0)
      continue;
    factors[c] = std::min(std::max(factors[c] * before / after, 1 / largestFactor), largestFactor);
    // A channel that reaches the clamp would be cut elsewhere; the others must not be cut where they were not.
    if (channels[c].largest >= double(group.clamp) * 0.9999)
      factors[c] = 1;
    else
      factors[c] = std::min(factors[c], double(group.clamp) / channels[c].largest);
  }
  return factors;
}

static void measure(const SampleRunner &runner, const ChannelGroup &group, MutableArrayRef<ChannelSize> channels) {
  for (Value value : group.values)
    for (auto [i, number] : llvm::enumerate(runner.getReals(value))) {
      ChannelSize &channel = channels[i % channels.size()];
      double square = double(number) * double(number);
      channel.fourthPowers += square * square;
      channel.largest = std::max(channel.largest, std::abs(double(number)));
    }
}

static void scaleGroup(const ChannelGroup &group, ArrayRef<double> factors) {
  for (Operation *op : group.producers)
    scaleProducer(op, factors);
  for (Operation *op : group.consumers)
    scaleConsumer(op, factors);
  for (Value value : group.values) {
    SmallVector<float> all(factors.begin(), factors.end());
    // Another equalization came before.
    if (ArrayRef<float> earlier = quantize::getChannelFactors(value); earlier.size() == all.size())
      for (auto [factor, more] : llvm::zip(all, earlier))
        factor *= more;
    value.getDefiningOp()->setDiscardableAttr(quantize::channelFactorsAttrName,
                                              DenseF32ArrayAttr::get(value.getContext(), all));
  }
}

LogicalResult calibrate::equalize(func::FuncOp function, ArrayRef<Sample> samples, const Progress &progress) {
  std::vector<ChannelGroup> groups = findChannelGroups(function);
  FailureOr<SampleRunner> runner = SampleRunner::create(function);
  if (failed(runner))
    return failure();
  std::vector<std::vector<ChannelSize>> channels;
  for (const ChannelGroup &group : groups)
    channels.emplace_back(size_t(group.channels));
  for (auto [i, sample] : llvm::enumerate(samples)) {
    if (failed(runner->run(sample)))
      return failure();
    for (auto [group, sizes] : llvm::zip(groups, channels))
      measure(*runner, group, sizes);
    if (progress)
      progress(i + 1, samples.size());
  }
  for (auto [group, sizes] : llvm::zip(groups, channels))
    // What is infinite or NaN is for calibration to report.
    if (llvm::all_of(sizes, [](const ChannelSize &size) { return std::isfinite(size.fourthPowers); }))
      scaleGroup(group, chooseFactors(group, sizes));
  return success();
}
