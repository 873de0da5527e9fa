// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The mean of a layer's result is linear in the means of its input channels, so these are all that is measured.
#include "compiler/calibrate/CorrectBias.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/nn/NNStates.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/quantize/Affine.h"
#include "passes/quantize/Range.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

// Corrected biases stay within what a 32-bit accumulator holds beside the products.
constexpr double largestBias = 1 << 24;

namespace {
// A layer in both functions.
struct Layer {
  Operation *reference, *quantized;
  int64_t macsBefore;             // of the quantized function, up to this layer
  std::vector<double> inputMeans; // of the reference's input channels
};
} // namespace

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static bool isLayer(Operation *op) {
  return isa<nn::Conv2DOp, nn::FullyConnectedOp>(op) &&
         llvm::all_of(op->getOperands().drop_front(), [](Value operand) { return succeeded(ConstantData::get(operand)); });
}

static int64_t macsOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case<nn::Conv2DOp, nn::FullyConnectedOp, nn::MatMulOp>([](auto typed) { return typed.getMacs(); })
      .Default([](Operation *) { return 0; });
}

static std::vector<Layer> matchLayers(func::FuncOp reference, func::FuncOp quantized) {
  llvm::StringMap<Operation *> named;
  for (Operation &op : reference.getBody().front())
    if (std::string name = nodeName(op.getLoc()); isLayer(&op) && !name.empty())
      named[name] = &op;
  std::vector<Layer> layers;
  int64_t macs = 0;
  for (Operation &op : quantized.getBody().front()) {
    Operation *match = isLayer(&op) ? named.lookup(nodeName(op.getLoc())) : nullptr;
    if (match && match->getName() == op.getName() && nn::isQuantized(op.getOperand(0).getType()) &&
        isa<quant::UniformQuantizedPerAxisType>(typeOf(op.getOperand(1)).getElementType()) &&
        typeOf(match->getOperand(1)).getShape() == typeOf(op.getOperand(1)).getShape())
      layers.push_back({match, &op, macs, {}});
    macs += macsOf(&op);
  }
  return layers;
}

// Adds the means of the channels of an activation, as a part of the means over all samples.
static void addMeans(std::vector<double> &means, ArrayRef<float> numbers, Value value, size_t samples) {
  means.resize(size_t(typeOf(value).getShape().back()));
  double weight = double(means.size()) / (double(numbers.size()) * double(samples));
  for (auto [i, number] : llvm::enumerate(numbers))
    means[i % means.size()] += weight * number;
}

// The mean of each output channel without bias. Borders count like the inside, in both functions.
static std::vector<double> outputMeans(Operation *op, ArrayRef<double> inputMeans) {
  FailureOr<ConstantData> weights = ConstantData::get(op->getOperand(1));
  RankedTensorType type = typeOf(op->getOperand(1));
  auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type.getElementType());
  auto conv = dyn_cast<nn::Conv2DOp>(op);
  int64_t channels = type.getDimSize(0), depth = weights->size() / channels, width = type.getShape().back();
  int64_t perGroup = conv ? channels / int64_t(conv.getGroups()) : channels;
  std::vector<double> means(static_cast<size_t>(channels));
  for (int64_t i = 0; i < weights->size(); ++i) {
    int64_t o = i / depth;
    double weight = weights->number(i) * (perAxis ? perAxis.getScales()[size_t(o)] : 1);
    means[size_t(o)] += weight * inputMeans[size_t(o / perGroup * width + i % width)];
  }
  return means;
}

static double biasOf(Operation *op, size_t channel) {
  FailureOr<ConstantData> data = op->getNumOperands() > 2 ? ConstantData::get(op->getOperand(2)) : FailureOr<ConstantData>();
  return succeeded(data) ? data->number(int64_t(channel)) : 0;
}

// What calibration multiplied a channel with.
static double factorOf(Operation *op, size_t channel) {
  ArrayRef<float> factors = quantize::getChannelFactors(op->getResult(0));
  return factors.empty() ? 1 : double(factors[channel % factors.size()]);
}

static void setBias(Operation *op, ArrayRef<int32_t> codes) {
  OpBuilder builder(op);
  auto type = RankedTensorType::get({int64_t(codes.size())}, builder.getI32Type());
  Value constant = builder.create<nn::ConstantOp>(op->getLoc(), type, makeConstant<int32_t>(type, codes, "b"));
  if (op->getNumOperands() == 2)
    return op->insertOperands(2, constant);
  Value old = op->getOperand(2);
  op->setOperand(2, constant);
  if (old.use_empty())
    old.getDefiningOp()->erase();
}

static void correct(const Layer &layer, ArrayRef<double> int8Means) {
  Operation *op = layer.quantized;
  ArrayRef<double> scales = cast<quant::UniformQuantizedPerAxisType>(typeOf(op->getOperand(1)).getElementType()).getScales();
  quantize::Int8Type inputType = nn::getActivationType(op->getOperand(0).getType());
  double inputScale = inputType.getScale(), limit = quantize::isInt16(inputType) ? quantize::largestWideBias : largestBias;
  std::vector<double> wanted = outputMeans(layer.reference, layer.inputMeans), present = outputMeans(op, int8Means);
  std::vector<int32_t> codes;
  for (size_t o = 0; o < wanted.size(); ++o) {
    double factor = factorOf(op, o) / factorOf(layer.reference, o);
    double bias = ((wanted[o] + biasOf(layer.reference, o)) * factor - present[o]) / (inputScale * scales[o]);
    codes.push_back(int32_t(std::llround(std::min(std::max(bias, -limit), limit))));
  }
  setBias(op, codes);
}

// The means of a value of `function`, which is run only as far as that needs.
static FailureOr<std::vector<double>> measure(func::FuncOp function, Value value, ArrayRef<Sample> samples) {
  IRMapping mapping;
  OwningOpRef<func::FuncOp> part(cast<func::FuncOp>(function->clone(mapping)));
  Value copy = mapping.lookup(value);
  Block &body = part->getBody().front();
  if (nn::getStates(function).empty()) // else the whole function makes the states
    body.getTerminator()->setOperands(copy);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  FailureOr<SampleRunner> runner = SampleRunner::create(*part);
  if (failed(runner))
    return failure();
  std::vector<double> means;
  for (const Sample &sample : samples) {
    if (failed(runner->run(sample)))
      return failure();
    addMeans(means, runner->getReals(copy), copy, samples.size());
  }
  return means;
}

LogicalResult calibrate::correctBiases(func::FuncOp reference, func::FuncOp quantized, ArrayRef<Sample> samples,
                                       const BiasCorrectionOptions &options) {
  std::vector<Layer> layers = matchLayers(reference, quantized);
  double macsPerSample = 1;
  for (const Layer &layer : layers)
    macsPerSample += double(layer.macsBefore);
  constexpr size_t fewest = 4;
  size_t affordable = std::max(fewest, size_t(options.macs / macsPerSample));
  samples = samples.take_front(std::min(options.samples, affordable));
  if (layers.empty() || samples.empty())
    return success();
  FailureOr<SampleRunner> runner = SampleRunner::create(reference);
  if (failed(runner))
    return failure();
  for (const Sample &sample : samples) {
    if (failed(runner->run(sample)))
      return failure();
    for (Layer &layer : layers) {
      Value input = layer.reference->getOperand(0);
      addMeans(layer.inputMeans, runner->getReals(input), input, samples.size());
    }
  }
  // In order, since correcting one layer changes what the later ones see.
  for (auto [i, layer] : llvm::enumerate(layers)) {
    FailureOr<std::vector<double>> means = measure(quantized, layer.quantized->getOperand(0), samples);
    if (failed(means))
      return failure();
    correct(layer, *means);
    if (options.progress)
      options.progress(i + 1, layers.size());
  }
  return success();
}
