// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of quantization share: building small networks, calibrating and quantizing them, running them.
#pragma once

#include "compiler/calibrate/Calibrate.h"
#include "compiler/calibrate/Fidelity.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/quantize/Affine.h"
#include "passes/quantize/Quantize.h"
#include <cmath>
#include <random>

namespace quantize_test {

using namespace mlir;
using namespace thimble;
using thimble::calibrate::Sample;

// Random numbers with a fixed seed, so that every run tests the same cases.
class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}
  int64_t integer(int64_t low, int64_t high) { return low + int64_t(engine() % uint64_t(high - low + 1)); }
  float real(float low, float high) { return low + (high - low) * float(engine() >> 40) / float(1 << 24); }
  // Bell-shaped, as the weights of trained networks are.
  std::vector<float> weights(int64_t count, float spread) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float &value : values)
      value = spread * (real(-1, 1) + real(-1, 1) + real(-1, 1));
    return values;
  }

private:
  std::mt19937_64 engine;
};

// A module with one function, built operation by operation.
class Network {
public:
  explicit Network(ArrayRef<int64_t> inputShape) : builder(&context) {
    context.loadDialect<nn::NNDialect, func::FuncDialect, quant::QuantizationDialect>();
    module = ModuleOp::create(builder.getUnknownLoc());
    RankedTensorType type = tensor(inputShape);
    function = func::FuncOp::create(builder.getUnknownLoc(), "main", builder.getFunctionType({type}, {type}));
    module->push_back(function);
    builder.setInsertionPointToStart(function.addEntryBlock());
    last = function.getArgument(0);
  }

  RankedTensorType tensor(ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, builder.getF32Type()); }
  Location next() { return nodeLocation(&context, "node" + std::to_string(count++)); }
  Value constant(ArrayRef<int64_t> shape, ArrayRef<float> elements) {
    return builder.create<nn::ConstantOp>(builder.getUnknownLoc(), tensor(shape), makeConstant<float>(tensor(shape), elements));
  }
  ArrayRef<int64_t> shape() { return cast<RankedTensorType>(last.getType()).getShape(); }

  // y has `channels` channels; groups of 0 mean depthwise.
  Network &conv(Random &random, int64_t channels, int64_t kernel, int64_t stride, bool relu, int64_t groups = 1) {
    int64_t in = shape()[3];
    groups = groups == 0 ? in : groups;
    int64_t depth = kernel * kernel * in / groups, pad = kernel / 2;
    Value w = constant({channels, kernel, kernel, in / groups}, random.weights(channels * depth, 1 / std::sqrt(float(depth))));
    Value b = constant({channels}, random.weights(channels, 0.2f));
    FloatAttr low = relu ? builder.getF32FloatAttr(0) : FloatAttr();
    last =
        builder.create<nn::Conv2DOp>(next(), last, w, b, ArrayRef<int64_t>{stride, stride},
                                     ArrayRef<int64_t>{pad, pad, pad, pad}, ArrayRef<int64_t>{1, 1}, groups, low, FloatAttr());
    return *this;
  }
  Network &fullyConnected(Random &random, int64_t cols) {
    int64_t depth = shape()[1];
    Value w = constant({cols, depth}, random.weights(cols * depth, 1 / std::sqrt(float(depth))));
    Value b = constant({cols}, random.weights(cols, 0.2f));
    last = builder.create<nn::FullyConnectedOp>(next(), last, w, b, FloatAttr(), FloatAttr());
    return *this;
  }
  Network &pool(nn::PoolKind kind, int64_t kernel, int64_t stride) {
    last =
        builder.create<nn::Pool2DOp>(next(), kind, last, ArrayRef<int64_t>{kernel, kernel}, ArrayRef<int64_t>{stride, stride},
                                     ArrayRef<int64_t>{0, 0, 0, 0}, ArrayRef<int64_t>{1, 1}, ArrayRef<int64_t>{0, 0}, false);
    return *this;
  }
  Network &unary(nn::UnaryKind kind, float alpha = 0, float beta = 0) {
    last = builder.create<nn::UnaryOp>(next(), kind, last, llvm::APFloat(alpha), llvm::APFloat(beta));
    return *this;
  }
  Network &binary(nn::BinaryKind kind, Value other) {
    last = builder.create<nn::BinaryOp>(next(), kind, last, other, FloatAttr(), FloatAttr());
    return *this;
  }
  Network &reshape(ArrayRef<int64_t> shape) {
    last = builder.create<nn::ReshapeOp>(next(), tensor(shape), last);
    return *this;
  }
  Network &flatten() { return reshape({1, cast<RankedTensorType>(last.getType()).getNumElements()}); }

  // Ends the function with the results, `last` if none are given.
  func::FuncOp finish(ValueRange results = {}) {
    SmallVector<Value> values(results.begin(), results.end());
    if (values.empty())
      values.push_back(last);
    builder.create<func::ReturnOp>(builder.getUnknownLoc(), values);
    function.setFunctionType(builder.getFunctionType(function.getArgumentTypes(), ValueRange(values).getTypes()));
    return function;
  }

  // Runs the quantization phase on a copy of the module; null if it fails.
  func::FuncOp quantize(bool ioFloat = false) {
    quantized = module->clone();
    PassManager manager(&context);
    quantize::buildQuantizePipeline(manager, {ioFloat});
    if (failed(manager.run(*quantized)))
      return {};
    return *quantized->getOps<func::FuncOp>().begin();
  }

  MLIRContext context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module, quantized;
  func::FuncOp function;
  Value last;

private:
  int count = 0;
};

// Inputs of one f32 tensor with uniform numbers.
struct Inputs {
  std::vector<std::vector<float>> numbers;
  std::vector<Sample> samples;
  Inputs(Random &random, int64_t elements, int64_t count, float low = -1, float high = 1) : numbers(size_t(count)) {
    for (std::vector<float> &one : numbers) {
      for (int64_t i = 0; i < elements; ++i)
        one.push_back(random.real(low, high));
      samples.push_back({ArrayRef<char>(reinterpret_cast<const char *>(one.data()), one.size() * sizeof(float))});
    }
  }
};

template <typename Op> Op findOp(func::FuncOp function) {
  Op found;
  function.walk([&](Op op) { found = op; });
  return found;
}

} // namespace quantize_test
