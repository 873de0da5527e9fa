// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The mean of a layer's result is linear in the means of its input channels, so these are all that is measured.
#include "compiler/calibrate/CorrectBias.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include <cmath>
#include <cstdlib>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

namespace {
// A layer in both functions.
struct Layer {
  Operation *reference, *quantized;
  std::vector<double> floatMeans, int8Means; // of the input channels
};
} // namespace

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static bool isLayer(Operation *op) {
  return isa<nn::Conv2DOp, nn::FullyConnectedOp>(op) && succeeded(ConstantData::get(op->getOperand(1)));
}

static std::vector<Layer> matchLayers(func::FuncOp reference, func::FuncOp quantized) {
  llvm::StringMap<Operation *> named;
  for (Operation &op : reference.getBody().front())
    if (std::string name = nodeName(op.getLoc()); isLayer(&op) && !name.empty())
      named[name] = &op;
  std::vector<Layer> layers;
  for (Operation &op : quantized.getBody().front()) {
    if (!isLayer(&op) || !nn::isQuantized(op.getOperand(0).getType()))
      continue;
    Operation *match = named.lookup(nodeName(op.getLoc()));
    if (match && match->getName() == op.getName() &&
        typeOf(match->getOperand(1)).getShape() == typeOf(op.getOperand(1)).getShape())
      layers.push_back({match, &op, {}, {}});
  }
  return layers;
}

static void addMeans(std::vector<double> &means, ArrayRef<float> numbers, int64_t channels, size_t samples) {
  means.resize(size_t(channels));
  double weight = double(channels) / (double(numbers.size()) * double(samples));
  for (auto [i, number] : llvm::enumerate(numbers))
    means[i % size_t(channels)] += weight * number;
}

// sum of weights * means for each output channel. Borders count like the inside, for both functions.
static std::vector<double> products(Operation *op, ArrayRef<double> means, ArrayRef<double> scales) {
  FailureOr<ConstantData> weights = ConstantData::get(op->getOperand(1));
  ArrayRef<int64_t> shape = typeOf(op->getOperand(1)).getShape();
  auto conv = dyn_cast<nn::Conv2DOp>(op);
  int64_t depth = weights->size() / shape[0], perGroup = conv ? shape[0] / int64_t(conv.getGroups()) : shape[0];
  std::vector<double> sums(static_cast<size_t>(shape[0]));
  for (int64_t i = 0; i < weights->size(); ++i) {
    int64_t o = i / depth;
    sums[size_t(o)] += weights->number(i) * scales[size_t(o)] * means[size_t(o / perGroup * shape.back() + i % shape.back())];
  }
  return sums;
}

static std::vector<double> biasOf(Operation *op) {
  std::vector<double> bias(static_cast<size_t>(typeOf(op->getOperand(1)).getDimSize(0)));
  if (op->getNumOperands() > 2) {
    FailureOr<ConstantData> data = ConstantData::get(op->getOperand(2));
    for (int64_t i = 0; succeeded(data) && i < data->size(); ++i)
      bias[size_t(i)] = data->number(i);
  }
  return bias;
}

static void correct(Layer &layer) {
  Operation *op = layer.quantized;
  auto weightType = dyn_cast<quant::UniformQuantizedPerAxisType>(typeOf(op->getOperand(1)).getElementType());
  if (!weightType)
    return;
  double xScale = nn::getInt8Type(op->getOperand(0).getType()).getScale();
  std::vector<double> ones(weightType.getScales().size(), 1.0);
  std::vector<double> wanted = products(layer.reference, layer.floatMeans, ones), bias = biasOf(layer.reference);
  std::vector<double> present = products(op, layer.int8Means, weightType.getScales()), codes = biasOf(op);
  std::vector<int32_t> corrected;
  for (size_t o = 0; o < ones.size(); ++o) {
    double unit = xScale * weightType.getScales()[o];
    double code = codes[o] + (wanted[o] + bias[o] - present[o]) / unit - codes[o] ;
    corrected.push_back(int32_t(std::llround(std::min(std::max(code, -4194304.0), 4194304.0))));
  }
  OpBuilder builder(op);
  auto type = RankedTensorType::get({int64_t(corrected.size())}, builder.getI32Type());
  Value constant = builder.create<nn::ConstantOp>(op->getLoc(), type, makeConstant<int32_t>(type, corrected, "b"));
  Value old = op->getNumOperands() > 2 ? op->getOperand(2) : Value();
  if (old)
    op->setOperand(2, constant);
  else
    op->insertOperands(2, constant);
  if (old && old.use_empty())
    old.getDefiningOp()->erase();
}

LogicalResult calibrate::correctBiases(func::FuncOp reference, func::FuncOp quantized, ArrayRef<Sample> samples,
                                       const BiasCorrectionOptions &options) {
  std::vector<Layer> layers = matchLayers(reference, quantized);
  if (layers.empty() || samples.empty())
    return success();
  FailureOr<SampleRunner> runner = SampleRunner::create(reference);
  if (failed(runner))
    return failure();
  samples = samples.take_front(getenv("NS") ? atoi(getenv("NS")) : 1000);
  for (const Sample &sample : samples) {
    if (failed(runner->run(sample)))
      return failure();
    for (Layer &layer : layers)
      addMeans(layer.floatMeans, runner->getReals(layer.reference->getOperand(0)), typeOf(layer.reference->getOperand(0)).getShape().back(),
               samples.size());
  }
  for (Layer &layer : layers) {
    FailureOr<SampleRunner> int8 = SampleRunner::create(quantized);
    for (const Sample &sample : samples) {
      if (failed(int8->run(sample)))
        return failure();
    addMeans(layer.int8Means, int8->getReals(layer.quantized->getOperand(0)),
             typeOf(layer.quantized->getOperand(0)).getShape().back(), samples.size());
  }
      correct(layer);
  }
  return success();
}
