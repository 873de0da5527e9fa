// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Factors of channels from the sizes of activations and weights, and their application to weights.
#include "compiler/calibrate/Equalize.h"
#include "compiler/calibrate/ChannelGroups.h"
#include "compiler/support/Constants.h"
#include "passes/quantize/Range.h"
#include <cmath>
#include <cstdlib>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

// Channels are never made more than this much larger than others: what is nearly dead should not drive the weights behind it.
constexpr double largestFactor = 32;

namespace {
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
  // The input channel that weight `index` multiplies.
  int64_t inputChannel(int64_t index) const {
    int64_t perGroup = shape.back(), depth = int64_t(elements.size()) / shape[0];
    auto conv = dyn_cast<nn::Conv2DOp>(op);
    int64_t group = conv ? index / depth / (shape[0] / int64_t(conv.getGroups())) : 0;
    return group * perGroup + index % perGroup;
  }
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

static void scaleProducer(Operation *op, ArrayRef<double> factors) {
  Weights weights(op);
  int64_t depth = int64_t(weights.elements.size()) / weights.shape[0];
  for (auto [i, element] : llvm::enumerate(weights.elements))
    element = float(element * factors[i / size_t(depth)]);
  replaceConstant(op, 1, weights.elements, "w");
  if (op->getNumOperands() < 3)
    return;
  std::vector<float> bias = ConstantData::get(op->getOperand(2))->floats();
  for (auto [element, factor] : llvm::zip(bias, factors))
    element = float(element * factor);
  replaceConstant(op, 2, bias, "b");
}

static void scaleConsumer(Operation *op, ArrayRef<double> factors) {
  Weights weights(op);
  for (auto [i, element] : llvm::enumerate(weights.elements))
    element = float(element / factors[size_t(weights.inputChannel(int64_t(i))) % factors.size()]);
  replaceConstant(op, 1, weights.elements, "w");
}

// How large the weights are with which the layers behind multiply each channel; empty if each channel has weights of its own there.
static std::vector<double> consumedSizes(const ChannelGroup &group) {
  std::vector<double> sizes;
  for (Operation *op : group.consumers) {
    Weights weights(op);
    if (weights.isDepthwise())
      continue;
    sizes.resize(size_t(group.channels));
    // Relative to the largest weight of the output channel, which sets the scale.
    int64_t depth = int64_t(weights.elements.size()) / weights.shape[0];
    std::vector<double> largest(size_t(weights.shape[0]));
    for (auto [i, element] : llvm::enumerate(weights.elements))
      largest[i / size_t(depth)] = std::max(largest[i / size_t(depth)], std::abs(double(element)));
    for (auto [i, element] : llvm::enumerate(weights.elements)) {
      double scale = largest[i / size_t(depth)];
      double &size = sizes[size_t(weights.inputChannel(int64_t(i)) % group.channels)];
      size = std::max(size, scale > 0 ? std::abs(double(element)) / scale : 0);
    }
  }
  return sizes;
}

static double envd(const char *n, double d) { const char *s = getenv(n); return s ? atof(s) : d; }

static std::vector<double> chooseFactors(const ChannelGroup &group, ArrayRef<double> activations) {
  std::vector<double> sizes = consumedSizes(group), factors(size_t(group.channels), 1.0);
  double alpha = envd("ALPHA", 0.5);
  double largest = 0;
  for (size_t c = 0; c < factors.size(); ++c) {
    if (activations[c] <= 0)
      continue;
    if (sizes.empty())
      factors[c] = std::pow(1 / activations[c], envd("DWALPHA", 1));
    else
      factors[c] = std::pow(std::max(sizes[c], 1e-3), 1 - alpha) / std::pow(activations[c], alpha);
  }
  // Normalized so that the largest channel stays as large as it is.
  double before = 0, after = 0;
  for (size_t c = 0; c < factors.size(); ++c) {
    before = std::max(before, activations[c]);
    after = std::max(after, activations[c] * factors[c]);
  }
  for (size_t c = 0; c < factors.size(); ++c) {
    factors[c] = activations[c] > 0 && after > 0 ? factors[c] * before / after : 1;
    factors[c] = std::min(std::max(factors[c], 1 / largestFactor), largestFactor);
    largest = std::max(largest, factors[c]);
  }
  return factors;
}

LogicalResult calibrate::equalize(func::FuncOp function, ArrayRef<Sample> samples, const Progress &progress) {
  std::vector<ChannelGroup> groups = findChannelGroups(function);
  if (groups.empty() || samples.empty())
    return success();
  FailureOr<SampleRunner> runner = SampleRunner::create(function);
  if (failed(runner))
    return failure();
  double power = envd("POWER", 0);
  std::vector<std::vector<double>> sizes;
  for (const ChannelGroup &group : groups)
    sizes.emplace_back(size_t(group.channels));
  for (auto [i, sample] : llvm::enumerate(samples)) {
    if (failed(runner->run(sample)))
      return failure();
    for (auto [group, size] : llvm::zip(groups, sizes))
      for (Value value : group.values) {
        size_t index = 0;
        for (float number : runner->getReals(value)) {
          double &c = size[index];
          if (power > 0)
            c += std::pow(std::abs(double(number)), power);
          else
            c = std::max(c, std::abs(double(number)));
          index = index + 1 == size.size() ? 0 : index + 1;
        }
      }
    if (progress)
      progress(i + 1, samples.size());
  }
  if (power > 0)
    for (auto &s : sizes)
      for (double &c : s)
        c = std::pow(c, 1 / power);
  for (auto [group, size] : llvm::zip(groups, sizes)) {
    if (!llvm::all_of(size, [](double number) { return std::isfinite(number); }))
      continue;
    std::vector<double> factors = chooseFactors(group, size);
    for (Operation *op : group.producers)
      scaleProducer(op, factors);
    for (Operation *op : group.consumers)
      scaleConsumer(op, factors);
    SmallVector<float> narrow(factors.begin(), factors.end());
    auto attribute = DenseF32ArrayAttr::get(function.getContext(), narrow);
    for (Value value : group.values)
      value.getDefiningOp()->setDiscardableAttr(channelFactorsAttrName, attribute);
  }
  return success();
}
