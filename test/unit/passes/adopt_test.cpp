// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators between DequantizeLinear and QuantizeLinear, over random layers: the integer kernel against the definition, which is
// the float operator on the dequantized numbers, rounded to the result's scale.
#include "quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;

namespace {

// One layer of two inputs of one shape.
using Shape = SmallVector<int64_t>;

struct Layer {
  const char *name;
  std::function<Shape(Random &)> shape;
  std::function<Value(Network &, Random &, Value a, Value b)> build;
  double largest;  // error, in steps of the result
  double mostOften; // share of results that may differ at all
  quantize::Range range{-2, 3};
};


Shape image(Random &random) { return {1, random.integer(3, 7), random.integer(3, 7), random.integer(1, 9)}; }
Shape rows(Random &random) { return {random.integer(1, 6), random.integer(2, 40)}; }

// Constants as a QDQ model has them: integers times a step, with a zero point if it is asymmetric.
Value gridConstant(Network &net, Random &random, ArrayRef<int64_t> shape, double step, bool isAsymmetric) {
  int64_t count = 1, depth = 1;
  for (int64_t size : shape)
    count *= size;
  depth = count / shape[0];
  std::vector<float> elements;
  int64_t zeroPoint = !isAsymmetric ? 0 : random.integer(0, 3) == 0 ? -128 : random.integer(-40, 40); // 127 - -128 is 255
  for (int64_t i = 0; i < count; ++i) {
    int64_t code = i % depth == 0 ? (isAsymmetric ? 127 : -127) : random.integer(isAsymmetric ? -128 : -127, 127);
    elements.push_back(float(code - zeroPoint) * float(step * double(1 + i / depth % 3)));
  }
  return net.constant(shape, elements);
}

Value conv(Network &net, Random &random, Value x, int64_t groups, bool isAsymmetric) {
  int64_t in = cast<RankedTensorType>(x.getType()).getDimSize(3), kernel = random.integer(1, 3), stride = random.integer(1, 2);
  groups = groups == 0 ? in : groups;
  int64_t out = groups > 1 ? in : random.integer(1, 9), pad = kernel / 2;
  Value w = gridConstant(net, random, {out, kernel, kernel, in / groups}, 0.01, isAsymmetric);
  Value b = net.constant({out}, random.weights(out, 0.2f));
  FloatAttr low = random.integer(0, 1) ? net.builder.getF32FloatAttr(0) : FloatAttr();
  return net.builder.create<nn::Conv2DOp>(net.next(), x, w, b, ArrayRef<int64_t>{stride, stride},
                                          ArrayRef<int64_t>{pad, pad, pad, pad}, ArrayRef<int64_t>{1, 1}, groups, low,
                                          FloatAttr());
}

Value fullyConnected(Network &net, Random &random, Value x, bool isAsymmetric) {
  int64_t cols = random.integer(1, 9), depth = cast<RankedTensorType>(x.getType()).getDimSize(1);
  Value w = gridConstant(net, random, {cols, depth}, 0.02, isAsymmetric), b = net.constant({cols}, random.weights(cols, 0.2f));
  return net.builder.create<nn::FullyConnectedOp>(net.next(), x, w, b, FloatAttr(), FloatAttr());
}

Value binary(Network &net, nn::BinaryKind kind, Value a, Value b) {
  return net.builder.create<nn::BinaryOp>(net.next(), kind, a, b, FloatAttr(), FloatAttr());
}

Value unary(Network &net, nn::UnaryKind kind, Value x) {
  return net.builder.create<nn::UnaryOp>(net.next(), kind, x, llvm::APFloat(0.1f), llvm::APFloat(0.5f));
}

Value norm(Network &net, Random &random, Value x, bool rms) {
  int64_t depth = cast<RankedTensorType>(x.getType()).getDimSize(1);
  Value scale = net.constant({depth}, random.weights(depth, 1)), bias = net.constant({depth}, random.weights(depth, 0.3f));
  return net.builder.create<nn::LayerNormOp>(net.next(), x, scale, bias, 1, llvm::APFloat(1e-5f), rms);
}

const Layer layers[] = {
    {"convolution", image, [](auto &n, auto &r, Value a, Value) { return conv(n, r, a, 1, false); }, 1, 0.01},
    {"depthwise convolution", image, [](auto &n, auto &r, Value a, Value) { return conv(n, r, a, 0, false); }, 1, 0.01},
    {"convolution with asymmetric weights", image, [](auto &n, auto &r, Value a, Value) { return conv(n, r, a, 1, true); }, 1,
     0.01},
    {"depthwise convolution with asymmetric weights", image,
     [](auto &n, auto &r, Value a, Value) { return conv(n, r, a, 0, true); }, 1, 0.01},
    {"fully connected", rows, [](auto &n, auto &r, Value a, Value) { return fullyConnected(n, r, a, false); }, 1, 0.01},
    {"fully connected with asymmetric weights", rows,
     [](auto &n, auto &r, Value a, Value) { return fullyConnected(n, r, a, true); }, 1, 0.01},
    {"matrix product", rows,
     [](auto &n, auto &, Value a, Value b) {
       return Value(n.builder.template create<nn::MatMulOp>(n.next(), a, b, false, true));
     },
     1, 0.01},
    {"add", rows, [](auto &n, auto &, Value a, Value b) { return binary(n, nn::BinaryKind::Add, a, b); }, 1, 0.02},
    {"sub", rows, [](auto &n, auto &, Value a, Value b) { return binary(n, nn::BinaryKind::Sub, a, b); }, 1, 0.02},
    {"mul", rows, [](auto &n, auto &, Value a, Value b) { return binary(n, nn::BinaryKind::Mul, a, b); }, 1, 0.01},
    {"div", rows, [](auto &n, auto &, Value a, Value b) { return binary(n, nn::BinaryKind::Div, a, b); }, 1, 0.03, {1, 3}},
    {"add of a constant", rows,
     [](auto &n, auto &r, Value a, Value) {
       return binary(n, nn::BinaryKind::Add, a,
                     gridConstant(n, r, {cast<RankedTensorType>(a.getType()).getDimSize(1)}, 0.01, true));
     },
     1, 0.02},
    {"layer normalization", rows, [](auto &n, auto &r, Value a, Value) { return norm(n, r, a, false); }, 1, 0.05},
    {"root-mean-square normalization", rows, [](auto &n, auto &r, Value a, Value) { return norm(n, r, a, true); }, 1, 0.05},
    {"softmax", rows,
     [](auto &n, auto &, Value a, Value) { return Value(n.builder.template create<nn::SoftmaxOp>(n.next(), a, 1, false)); }, 1,
     0.02},
    {"mean", image,
     [](auto &n, auto &, Value a, Value) {
       return Value(n.builder.template create<nn::ReduceOp>(n.next(), nn::ReduceKind::Mean, a, ArrayRef<int64_t>{1, 2}, true));
     },
     1, 0.03},
    {"maximum pool", image,
     [](auto &n, auto &, Value a, Value) {
       n.last = a;
       return n.pool(nn::PoolKind::Max, 2, 1).last;
     },
     1, 0.15},
    {"sigmoid", rows, [](auto &n, auto &, Value a, Value) { return unary(n, nn::UnaryKind::Sigmoid, a); }, 1, 0.01},
    {"tanh", rows, [](auto &n, auto &, Value a, Value) { return unary(n, nn::UnaryKind::Tanh, a); }, 1, 0.01},
    {"gelu", rows, [](auto &n, auto &, Value a, Value) { return unary(n, nn::UnaryKind::Gelu, a); }, 1, 0.01},
    {"silu", rows, [](auto &n, auto &, Value a, Value) { return unary(n, nn::UnaryKind::Silu, a); }, 1, 0.01},
    {"exp", rows, [](auto &n, auto &, Value a, Value) { return unary(n, nn::UnaryKind::Exp, a); }, 1, 0.01},
    {"hard swish", rows, [](auto &n, auto &, Value a, Value) { return unary(n, nn::UnaryKind::HardSwish, a); }, 1, 0.01},
};

quantize::Int8Type randomType(Network &net, Random &random, quantize::Range range) {
  float low = range.low * random.real(0.8f, 1.2f), high = range.high * random.real(0.8f, 1.2f);
  return quantize::chooseInt8Type(&net.context, {low, high});
}

Value throughInt8(Network &net, Value x, quantize::Int8Type type) {
  Value codes = net.builder.create<nn::QuantizeOp>(net.next(), quantize::withElement(x.getType(), type), x);
  return net.builder.create<nn::DequantizeOp>(net.next(), x.getType(), codes);
}

// The layer behind quantized inputs, and, if there is an output type, in front of it.
func::FuncOp build(Network &net, const Layer &layer, unsigned seed, quantize::Int8Type output) {
  Random random(seed);
  SmallVector<Value> inputs;
  ArrayRef<int64_t> both = net.shape();
  for (int64_t i = 0; i < 2; ++i) {
    SmallVector<int64_t> offsets(both.size(), 0), sizes(both), strides(both.size(), 1);
    offsets[0] = i * both[0] / 2;
    sizes[0] = both[0] / 2;
    Value half = net.builder.create<nn::SliceOp>(net.next(), net.function.getArgument(0), offsets, sizes, strides);
    inputs.push_back(throughInt8(net, half, randomType(net, random, layer.range)));
  }
  Value y = layer.build(net, random, inputs[0], inputs[1]);
  return net.finish(output ? throughInt8(net, y, output) : y);
}

std::vector<float> runOn(func::FuncOp function, const Sample &sample) {
  FailureOr<calibrate::SampleRunner> runner = calibrate::SampleRunner::create(function);
  REQUIRE(succeeded(runner));
  REQUIRE(succeeded(runner->run(sample)));
  return runner->getReals(function.getBody().front().getTerminator()->getOperand(0));
}

bool hasFloatArithmetic(func::FuncOp function) {
  auto result = function.walk([](Operation *op) {
    bool isInput = isa<nn::SliceOp>(op); // of the f32 argument
    return op->hasAttr("thimble.float") && !isInput ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

} // namespace

TEST_CASE("quantized operators are within one step of their definition", "[quantize][adopt]") {
  for (const Layer &layer : layers) {
    size_t all = 0, different = 0;
    double worst = 0;
    for (unsigned round = 0; round < 40; ++round) {
      INFO(layer.name << ", round " << round);
      Random random(round + 1000);
      Shape shape = layer.shape(random);
      shape[0] *= 2;
      int64_t elements = 1;
      for (int64_t size : shape)
        elements *= size;
      Inputs inputs(random, elements, 1, layer.range.low, layer.range.high);
      Network real(shape);
      std::vector<float> exact = runOn(build(real, layer, round, nullptr), inputs.samples[0]);
      quantize::Range range{*std::min_element(exact.begin(), exact.end()), *std::max_element(exact.begin(), exact.end())};
      Network net(shape);
      bool isSoftmax = llvm::StringRef(layer.name) == "softmax";
      quantize::Int8Type type =
          isSoftmax ? quantize::makeInt8Type(&net.context, 1.0 / 256, -128) : quantize::chooseInt8Type(&net.context, range);
      std::vector<float> expected = runOn(build(net, layer, round, type), inputs.samples[0]);
      net.quantized = net.module->clone();
      PassManager manager(&net.context);
      quantize::buildQuantizePipeline(manager, {/*ioFloat=*/true, /*adopt=*/true});
      REQUIRE(succeeded(manager.run(*net.quantized)));
      func::FuncOp int8 = *net.quantized->getOps<func::FuncOp>().begin();
      CHECK(!hasFloatArithmetic(int8));
      std::vector<float> computed = runOn(int8, inputs.samples[0]);
      REQUIRE(computed.size() == expected.size());
      for (size_t i = 0; i < computed.size(); ++i) {
        double error = std::abs(double(computed[i]) - double(expected[i])) / type.getScale();
        different += error > 0.5;
        worst = std::max(worst, error);
      }
      all += computed.size();
    }
    INFO(layer.name << ": " << different << " of " << all << " differ, by " << worst << " at most");
    CHECK(worst < layer.largest + 0.01);
    CHECK(double(different) <= layer.mostOften * double(all));
  }
}

TEST_CASE("what the model does not quantize stays float and is named", "[quantize][adopt]") {
  Random random(5);
  Network net({1, 8});
  auto type = quantize::chooseInt8Type(&net.context, {-1, 1});
  Value x = throughInt8(net, net.last, type);
  Value w = gridConstant(net, random, {4, 8}, 0.02, false);
  Value y =
      net.builder.create<nn::FullyConnectedOp>(nodeLocation(&net.context, "dense"), x, w, Value(), FloatAttr(), FloatAttr());
  net.finish(y);
  DiagnosticCollector collector(&net.context, /*quiet=*/true);
  PassManager manager(&net.context);
  quantize::buildQuantizePipeline(manager, {/*ioFloat=*/false, /*adopt=*/true});
  REQUIRE(succeeded(manager.run(*net.module)));
  REQUIRE(collector.getWarnings().size() == 1);
  CHECK(collector.getWarnings()[0].node == "dense");
  CHECK(llvm::StringRef(collector.getWarnings()[0].text).contains("the model does not all quantize"));
  CHECK(nn::getInt8Type(net.function.getArgumentTypes()[0]) == type); // the input is quantized, the output is not
  CHECK(cast<RankedTensorType>(net.function.getResultTypes()[0]).getElementType().isF32());
}
