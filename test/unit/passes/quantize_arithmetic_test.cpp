// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Each family of int8 operations against real arithmetic on its own dequantized operands, rounded once to the result's type.
#include "quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;

namespace {

// A quantized function after a run.
struct Int8Run {
  func::FuncOp function;
  std::unique_ptr<calibrate::SampleRunner> runner;

  Int8Run(Network &network, Inputs &inputs) {
    REQUIRE(succeeded(calibrate::calibrate(network.finish(), inputs.samples)));
    function = network.quantize();
    REQUIRE(function);
    FailureOr<calibrate::SampleRunner> created = calibrate::SampleRunner::create(function);
    REQUIRE(succeeded(created));
    runner = std::make_unique<calibrate::SampleRunner>(std::move(*created));
    REQUIRE(succeeded(runner->run(inputs.samples[0])));
  }
  // Real numbers of an activation or of constant weights.
  std::vector<double> reals(Value value) {
    if (auto weights = dyn_cast<quant::UniformQuantizedPerAxisType>(cast<RankedTensorType>(value.getType()).getElementType())) {
      FailureOr<ConstantData> data = ConstantData::get(value);
      std::vector<double> numbers;
      int64_t depth = data->size() / int64_t(weights.getScales().size());
      for (int64_t i = 0; i < data->size(); ++i)
        numbers.push_back(weights.getScales()[size_t(i / depth)] * data->number(i));
      return numbers;
    }
    std::vector<float> numbers = runner->getReals(value);
    return std::vector<double>(numbers.begin(), numbers.end());
  }
  std::vector<double> bias(Value value, Value x, Value weights) {
    auto type = cast<quant::UniformQuantizedPerAxisType>(cast<RankedTensorType>(weights.getType()).getElementType());
    std::vector<double> numbers;
    for (auto [code, scale] : llvm::zip(ConstantData::get(value)->integers(), type.getScales()))
      numbers.push_back(double(code) * scale * nn::getInt8Type(x.getType()).getScale());
    return numbers;
  }
  // Every element is within one step of the real result, and nearly all are its nearest code.
  void check(Value value, const std::vector<double> &expected, double exactPart = 0.98) {
    std::vector<float> actual = runner->getReals(value);
    REQUIRE(actual.size() == expected.size());
    quantize::Int8Type type = nn::getInt8Type(value.getType());
    size_t exact = 0;
    for (size_t i = 0; i < actual.size(); ++i) {
      int code = int(std::lround(actual[i] / type.getScale())),
          nearest = quantize::quantizeNumber(expected[i], type) - int(type.getZeroPoint());
      exact += code == nearest;
      INFO("element " << i << ": " << actual[i] << ", expected " << expected[i] << ", scale " << type.getScale());
      CHECK(std::abs(code - nearest) <= 1);
    }
    CHECK(double(exact) >= exactPart * double(actual.size()));
  }
};

double clampTo(std::pair<float, float> act, double value) {
  return std::min<double>(std::max<double>(value, act.first), act.second);
}

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

} // namespace

TEST_CASE("int8 convolutions are real convolutions, rounded once", "[quantize]") {
  struct Case {
    int64_t in, out, kernel, stride, groups;
    bool relu;
  };
  for (Case c :
       {Case{3, 8, 3, 1, 1, true}, Case{6, 6, 3, 2, 0, false}, Case{4, 12, 1, 1, 1, true}, Case{4, 8, 5, 2, 2, false}}) {
    Random random(unsigned(c.in * 100 + c.out));
    Network network({1, 7, 9, c.in});
    network.conv(random, c.out, c.kernel, c.stride, c.relu, c.groups);
    Inputs inputs(random, 7 * 9 * c.in, 4, -0.7f, 1.9f);
    Int8Run run(network, inputs);
    auto op = findOp<nn::Conv2DOp>(run.function);
    std::vector<double> x = run.reals(op.getX()), w = run.reals(op.getWeights()),
                        b = run.bias(op.getBias(), op.getX(), op.getWeights());
    ArrayRef<int64_t> y = shapeOf(op.getY()), kernel = shapeOf(op.getWeights());
    int64_t perGroup = c.out / int64_t(op.getGroups());
    std::vector<double> expected;
    for (int64_t oy = 0; oy < y[1]; ++oy)
      for (int64_t ox = 0; ox < y[2]; ++ox)
        for (int64_t o = 0; o < y[3]; ++o) {
          double sum = b[size_t(o)];
          for (int64_t ky = 0; ky < kernel[1]; ++ky)
            for (int64_t kx = 0; kx < kernel[2]; ++kx)
              for (int64_t i = 0; i < kernel[3]; ++i) {
                int64_t row = oy * c.stride + ky - c.kernel / 2, col = ox * c.stride + kx - c.kernel / 2;
                if (row >= 0 && row < 7 && col >= 0 && col < 9)
                  sum += x[size_t((row * 9 + col) * c.in + o / perGroup * kernel[3] + i)] *
                         w[size_t(((o * kernel[1] + ky) * kernel[2] + kx) * kernel[3] + i)];
              }
          expected.push_back(clampTo(op.getAct(), sum));
        }
    run.check(op.getY(), expected);
  }
}

TEST_CASE("int8 fully connected layers and matrix products", "[quantize]") {
  Random random(21);
  Network network({5, 12});
  network.fullyConnected(random, 7);
  Inputs inputs(random, 60, 4, -2, 3);
  Int8Run run(network, inputs);
  auto op = findOp<nn::FullyConnectedOp>(run.function);
  std::vector<double> x = run.reals(op.getX()), w = run.reals(op.getWeights()),
                      b = run.bias(op.getBias(), op.getX(), op.getWeights());
  std::vector<double> expected;
  for (size_t m = 0; m < 5; ++m)
    for (size_t n = 0; n < 7; ++n) {
      double sum = b[n];
      for (size_t k = 0; k < 12; ++k)
        sum += x[m * 12 + k] * w[n * 12 + k];
      expected.push_back(sum);
    }
  run.check(op.getY(), expected);

  Network product({6, 6});
  Value a = product.last;
  product.unary(nn::UnaryKind::Tanh);
  product.last = product.builder.create<nn::MatMulOp>(product.next(), a, product.last, false, true);
  Inputs squares(random, 36, 4);
  Int8Run second(product, squares);
  auto matmul = findOp<nn::MatMulOp>(second.function);
  std::vector<double> left = second.reals(matmul.getA()), right = second.reals(matmul.getB()), sums;
  for (size_t m = 0; m < 6; ++m)
    for (size_t n = 0; n < 6; ++n) {
      double sum = 0;
      for (size_t k = 0; k < 6; ++k)
        sum += left[m * 6 + k] * right[n * 6 + k];
      sums.push_back(sum);
    }
  second.check(matmul.getY(), sums);
}

TEST_CASE("int8 sums, differences, products and quotients", "[quantize]") {
  for (nn::BinaryKind kind : {nn::BinaryKind::Add, nn::BinaryKind::Sub, nn::BinaryKind::Mul, nn::BinaryKind::Div}) {
    bool isQuotient = kind == nn::BinaryKind::Div;
    Random random(unsigned(kind) + 31);
    Network network({4, 8});
    std::vector<float> other = random.weights(32, 0.7f);
    for (float &number : other)
      number += isQuotient ? 4 : 0;
    network.binary(kind, network.constant({4, 8}, other));
    Inputs inputs(random, 32, 4, -1, 2);
    Int8Run run(network, inputs);
    auto op = findOp<nn::BinaryOp>(run.function);
    std::vector<double> a = run.reals(op.getA()), b = run.reals(op.getB()), expected;
    for (size_t i = 0; i < a.size(); ++i)
      expected.push_back(kind == nn::BinaryKind::Add ? a[i] + b[i] : kind == nn::BinaryKind::Sub ? a[i] - b[i] : a[i] * b[i]);
    run.check(op.getY(), expected, 0.9); // sums have 15-bit factors
  }
}

TEST_CASE("elementwise expressions of one tensor are one table", "[quantize]") {
  Random random(41);
  auto build = [](Network &network) {
    // A hard swish, spelled out: x * clamp(x + 3, 0, 6) / 6.
    Value x = network.last;
    network.binary(nn::BinaryKind::Add, network.constant({}, {3.f})).unary(nn::UnaryKind::Clamp, 0, 6);
    network.binary(nn::BinaryKind::Mul, x).binary(nn::BinaryKind::Div, network.constant({1}, {6.f}));
  };
  Network network({4, 16});
  build(network);
  Inputs inputs(random, 64, 4, -5, 5);
  Int8Run run(network, inputs);
  auto lookup = findOp<nn::LookupOp>(run.function);
  REQUIRE(lookup);
  CHECK(lookup.getX() == run.function.getArgument(0));
  std::vector<double> expected;
  for (double x : run.reals(lookup.getX()))
    expected.push_back(x * std::min(std::max(x + 3, 0.0), 6.0) / 6);
  run.check(lookup.getY(), expected, 1);
}

TEST_CASE("int8 reductions", "[quantize]") {
  for (nn::ReduceKind kind : {nn::ReduceKind::Mean, nn::ReduceKind::Sum, nn::ReduceKind::Max, nn::ReduceKind::Min}) {
    Random random(unsigned(kind) + 51);
    Network network({3, 5, 4});
    network.last = network.builder.create<nn::ReduceOp>(network.next(), kind, network.last, ArrayRef<int64_t>{1}, false);
    Inputs inputs(random, 60, 4, -1, 3);
    Int8Run run(network, inputs);
    std::vector<double> x = run.reals(run.function.getArgument(0)), expected;
    for (size_t i = 0; i < 3; ++i)
      for (size_t k = 0; k < 4; ++k) {
        double sum = 0, low = x[i * 20 + k], high = low;
        for (size_t j = 0; j < 5; ++j) {
          double number = x[(i * 5 + j) * 4 + k];
          sum += number;
          low = std::min(low, number);
          high = std::max(high, number);
        }
        expected.push_back(kind == nn::ReduceKind::Mean  ? sum / 5
                           : kind == nn::ReduceKind::Sum ? sum
                           : kind == nn::ReduceKind::Max ? high
                                                         : low);
      }
    run.check(run.function.getBody().front().getTerminator()->getOperand(0), expected);
  }
}

TEST_CASE("int8 pools and softmax", "[quantize]") {
  Random random(61);
  for (nn::PoolKind kind : {nn::PoolKind::Max, nn::PoolKind::Average}) {
    Network network({1, 6, 6, 3});
    network.pool(kind, 2, 2);
    Inputs inputs(random, 108, 2);
    Int8Run run(network, inputs);
    auto op = findOp<nn::Pool2DOp>(run.function);
    std::vector<double> x = run.reals(op.getX()), expected;
    for (size_t oy = 0; oy < 3; ++oy)
      for (size_t ox = 0; ox < 3; ++ox)
        for (size_t c = 0; c < 3; ++c) {
          auto at = [&](size_t dy, size_t dx) { return x[((2 * oy + dy) * 6 + 2 * ox + dx) * 3 + c]; };
          expected.push_back(kind == nn::PoolKind::Max ? std::max(std::max(at(0, 0), at(0, 1)), std::max(at(1, 0), at(1, 1)))
                                                       : (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
        }
    run.check(op.getY(), expected, 0.8); // averages of four are often halves, where float noise decides
  }
  Network network({4, 10});
  network.last = network.builder.create<nn::SoftmaxOp>(network.next(), network.last, 1, false);
  Inputs inputs(random, 40, 2, -4, 4);
  Int8Run run(network, inputs);
  auto op = findOp<nn::SoftmaxOp>(run.function);
  std::vector<double> x = run.reals(op.getX()), expected;
  for (size_t row = 0; row < 4; ++row) {
    double sum = 0;
    for (size_t i = 0; i < 10; ++i)
      sum += std::exp(x[row * 10 + i]);
    for (size_t i = 0; i < 10; ++i)
      expected.push_back(std::exp(x[row * 10 + i]) / sum);
  }
  run.check(op.getY(), expected);
}

TEST_CASE("the index of the smallest element is that of the mirrored largest", "[quantize]") {
  Random random(71);
  for (nn::ArgKind kind : {nn::ArgKind::Max, nn::ArgKind::Min}) {
    Network network({6, 9});
    network.last = network.builder.create<nn::ArgOp>(network.next(), kind, network.last, 1, false, false);
    Inputs inputs(random, 54, 2);
    Int8Run run(network, inputs);
    std::vector<double> x = run.reals(run.function.getArgument(0));
    FailureOr<std::unique_ptr<Executor>> executor = Executor::create(run.function);
    REQUIRE(succeeded(executor));
    std::vector<int8_t> codes =
        quantize::quantizeElements(inputs.numbers[0], nn::getInt8Type(run.function.getArgumentTypes()[0]));
    (*executor)->run({ArrayRef<char>(reinterpret_cast<const char *>(codes.data()), codes.size())});
    auto indices = reinterpret_cast<const int64_t *>((*executor)->getOutput(0).data());
    for (int64_t row = 0; row < 6; ++row) {
      auto begin = x.begin() + row * 9;
      auto found = kind == nn::ArgKind::Max ? std::max_element(begin, begin + 9) : std::min_element(begin, begin + 9);
      CHECK(indices[row] == found - begin);
    }
  }
}

TEST_CASE("what is concatenated gets one scale, without a requantization where the producer can round to it", "[quantize]") {
  Random random(81);
  Network network({1, 6, 6, 2});
  network.conv(random, 3, 1, 1, true);
  Value first = network.last;
  network.last = network.function.getArgument(0);
  network.conv(random, 5, 3, 1, false).pool(nn::PoolKind::Max, 1, 1);
  Value joined = network.builder.create<nn::ConcatOp>(network.next(), ValueRange{first, network.last}, 3);
  network.last = joined;
  Inputs inputs(random, 72, 4);
  Int8Run run(network, inputs);
  CHECK(!findOp<nn::RequantizeOp>(run.function));
  auto concat = findOp<nn::ConcatOp>(run.function);
  CHECK(nn::getInt8Type(concat.getInputs()[0].getType()) == nn::getInt8Type(concat.getY().getType()));
  CHECK(*calibrate::computeOutputSqnr(network.function, run.function, inputs.samples) > 30);
}

TEST_CASE("prelu with slopes for each channel stays int8", "[quantize]") {
  Random random(91);
  Network network({1, 6, 6, 4});
  network.conv(random, 4, 3, 1, false);
  network.binary(nn::BinaryKind::PRelu, network.constant({4}, {0.1f, -0.2f, 0.3f, 0.25f}));
  Inputs inputs(random, 144, 4);
  Int8Run run(network, inputs);
  CHECK(!findOp<nn::DequantizeOp>(run.function));
  CHECK(*calibrate::computeOutputSqnr(network.function, run.function, inputs.samples) > 30);
}

TEST_CASE("a scale and an offset for each channel are one depthwise convolution", "[quantize]") {
  for (bool isImage : {true, false}) {
    Random random(101);
    Network network(isImage ? ArrayRef<int64_t>{1, 4, 4, 6} : ArrayRef<int64_t>{16, 6});
    std::vector<float> factors = {0.01f, 10, -3, 0.2f, 1, 0}, offsets = {0.5f, -2, 0, 0.1f, 3, 1};
    Value factor = network.constant({1, 6}, factors);
    network.last = network.builder.create<nn::BinaryOp>(network.next(), nn::BinaryKind::Mul, factor, network.last, FloatAttr(),
                                                        FloatAttr());
    network.binary(nn::BinaryKind::Sub, network.constant({6}, offsets));
    Inputs inputs(random, 96, 4, -1, 2);
    Int8Run run(network, inputs);
    CHECK(!findOp<nn::BinaryOp>(run.function));
    REQUIRE(findOp<nn::Conv2DOp>(run.function));
    std::vector<double> x = run.reals(run.function.getArgument(0)), expected;
    for (size_t i = 0; i < x.size(); ++i)
      expected.push_back(x[i] * double(factors[i % 6]) - double(offsets[i % 6]));
    run.check(run.function.getBody().front().getTerminator()->getOperand(0), expected);
  }
}
