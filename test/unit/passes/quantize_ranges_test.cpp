// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types from ranges, codes of weights, histograms, and the choice of clipping thresholds.
#include "quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;
using calibrate::Histogram;
using calibrate::RangeMethod;
using quantize::Range;

namespace {
struct QuantContext {
  MLIRContext context;
  QuantContext() { context.loadDialect<quant::QuantizationDialect>(); }
};
} // namespace

TEST_CASE("int8 types hold zero exactly and cover their range", "[quantize]") {
  QuantContext quant;
  for (Range range : {Range{0, 6}, Range{-1, 1}, Range{-0.3f, 2.5f}, Range{-7, 0}, Range{2, 3}, Range{-3, -1},
                      Range{-1e-3f, 1e3f}, Range{-3e38f, 3e38f}}) {
    quantize::Int8Type type = quantize::chooseInt8Type(&quant.context, range);
    INFO(range.low << " .. " << range.high);
    CHECK(type.getZeroPoint() >= -128);
    CHECK(type.getZeroPoint() <= 127);
    CHECK(quantize::quantizeNumber(0, type) == type.getZeroPoint());
    Range covered = quantize::rangeOf(type);
    CHECK(double(covered.low) <= double(range.low) + type.getScale() * 0.5001);
    CHECK(double(covered.high) >= double(range.high) - type.getScale() * 0.5001);
    // One scale for compiler, header and kernels.
    CHECK(type.getScale() == double(float(type.getScale())));
  }
  CHECK(quantize::chooseInt8Type(&quant.context, {0, 6}).getZeroPoint() == -128);
  for (Range nothing : {Range{0, 0}, Range{0, 1e-38f}})
    CHECK(quantize::chooseInt8Type(&quant.context, nothing).getScale() == 1);
}

TEST_CASE("numbers round half up and saturate", "[quantize]") {
  QuantContext quant;
  quantize::Int8Type type = quantize::makeInt8Type(&quant.context, 0.5, 10);
  CHECK(quantize::quantizeNumber(0.25, type) == 11);
  CHECK(quantize::quantizeNumber(-0.25, type) == 10);
  CHECK(quantize::quantizeNumber(1e30, type) == 127);
  CHECK(quantize::quantizeNumber(-INFINITY, type) == -128);
  CHECK(quantize::quantizeNumber(NAN, type) == 10);
}

TEST_CASE("weights get one scale a channel", "[quantize]") {
  QuantContext quant;
  std::vector<float> weights = {1.27f, -0.5f, 0, 0, 1e-12f, 2e-12f, 0.1f, -12.7f};
  std::vector<float> bias = {1, 0, 0.5f, -3};
  FailureOr<quantize::QuantizedWeights> result = quantize::quantizeWeights(&quant.context, weights, bias, 4, 0.02);
  REQUIRE(succeeded(result));
  ArrayRef<double> scales = cast<quant::UniformQuantizedPerAxisType>(result->element).getScales();
  CHECK(scales[0] == Approx(0.01));
  CHECK(scales[3] == Approx(0.1));
  CHECK(result->codes == std::vector<int8_t>{127, -50, 0, 0, 0, 0, 1, -127});
  // A channel of zeros takes another channel's scale, one of almost nothing the scale that its bias needs.
  CHECK(scales[1] == Approx(0.1));
  CHECK(scales[2] == Approx(0.5 / (0.02 * 4194304)));
  for (size_t o = 0; o < 4; ++o)
    CHECK(result->bias[o] * scales[o] * 0.02 == Approx(bias[o]).epsilon(1e-3));
  CHECK(failed(quantize::quantizeWeights(&quant.context, {1, NAN}, {}, 2, 1)));
  CHECK(failed(quantize::quantizeWeights(&quant.context, {1, 2}, {0, INFINITY}, 2, 1)));
}

TEST_CASE("histograms do not depend on the order of the numbers", "[quantize]") {
  Random random(1);
  std::vector<float> numbers = random.weights(1000, 3);
  numbers.insert(numbers.end(), {0, 0, 1e-6f, 500, -8, 8});
  Histogram forward, backward;
  forward.add(numbers);
  std::reverse(numbers.begin(), numbers.end());
  backward.add(numbers);
  CHECK(forward.getMin() == backward.getMin());
  CHECK(forward.getMax() == 500);
  CHECK(forward.getZeros() == 2);
  CHECK(forward.getCount() == 1006);
  std::vector<Histogram::Bin> a = forward.getBins(), b = backward.getBins();
  REQUIRE(a.size() == b.size());
  uint64_t counted = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].center == b[i].center);
    CHECK(a[i].count == b[i].count);
    counted += a[i].count;
  }
  CHECK(counted == 1004);
  CHECK(forward.isFinite());
  forward.add({1, NAN});
  CHECK(!forward.isFinite());
  CHECK(forward.getCount() == 1007);
}

TEST_CASE("ranges: everything, all but the rarest, least mean squared error", "[quantize]") {
  Random random(2);
  Histogram histogram;
  histogram.add(random.weights(100000, 1));
  histogram.add({40});
  Range all = calibrate::chooseRange(histogram, RangeMethod::MinMax, 99.99);
  Range common = calibrate::chooseRange(histogram, RangeMethod::Percentile, 99.9);
  Range best = calibrate::chooseRange(histogram, RangeMethod::MeanSquare, 99.9);
  Range automatic = calibrate::chooseRange(histogram, RangeMethod::Auto, 99.9);
  CHECK(all.high == 40);
  CHECK(common.high < 3.1f);
  CHECK(common.low > -3.1f);
  double error = calibrate::meanSquaredError(histogram, best);
  CHECK(error <= calibrate::meanSquaredError(histogram, all));
  CHECK(error <= calibrate::meanSquaredError(histogram, {best.low, best.high * 1.05f}));
  CHECK(error <= calibrate::meanSquaredError(histogram, {best.low * 0.95f, best.high}) * 1.001);
  CHECK(calibrate::meanSquaredError(histogram, automatic) <= error);
  Range informative = calibrate::chooseRange(histogram, RangeMethod::Entropy, 99.9);
  CHECK(informative.high < 20); // the outlier is cut off
  CHECK(informative.high > 1.5f);
  // One-sided numbers keep their zero.
  Histogram relu;
  relu.add({0, 0, 0, 1, 2, 3});
  CHECK(calibrate::chooseRange(relu, RangeMethod::Auto, 99.99).low == 0);
}

TEST_CASE("inputs, outputs and logits keep everything that was seen", "[quantize]") {
  Random random(3);
  Network network({1, 64});
  network.fullyConnected(random, 64).unary(nn::UnaryKind::Relu).fullyConnected(random, 64).reshape({64});
  Value logits = network.last;
  network.last = network.builder.create<nn::SoftmaxOp>(network.next(), logits, 0, false);
  func::FuncOp function = network.finish();
  Inputs inputs(random, 64, 8);
  inputs.numbers[3][5] = 30; // an outlier
  REQUIRE(succeeded(calibrate::calibrate(function, inputs.samples)));
  CHECK((*quantize::getRange(function.getArgument(0)))->high == 30);
  FailureOr<calibrate::SampleRunner> runner = calibrate::SampleRunner::create(function);
  float high = -INFINITY;
  for (const Sample &sample : inputs.samples) {
    REQUIRE(succeeded(runner->run(sample)));
    for (float number : runner->getReals(logits))
      high = std::max(high, number);
  }
  Value product = logits.getDefiningOp()->getOperand(0);
  CHECK((*quantize::getRange(logits))->high == high);
  CHECK((*quantize::getRange(product))->high == high);
}

TEST_CASE("masks in front of a softmax leave the codes to what matters", "[quantize]") {
  for (float mask : {-1e9f, -INFINITY})
    for (bool isSum : {true, false}) {
      Random random(4);
      Network network({6, 6});
      network.fullyConnected(random, 6);
      std::vector<float> masks(36, 0.f);
      std::vector<char> bits(36, 1);
      for (size_t i = 0; i < 6; ++i)
        for (size_t j = i + 1; j < 6; ++j) {
          masks[i * 6 + j] = mask;
          bits[i * 6 + j] = 0;
        }
      OpBuilder &builder = network.builder;
      if (isSum) {
        network.binary(nn::BinaryKind::Add, network.constant({6, 6}, masks));
      } else {
        auto type = RankedTensorType::get({6, 6}, builder.getI1Type());
        Value condition = builder.create<nn::ConstantOp>(network.next(), type, makeConstant(type, bits));
        network.last = builder.create<nn::SelectOp>(network.next(), condition, network.last, network.constant({}, {mask}));
      }
      network.last = builder.create<nn::SoftmaxOp>(network.next(), network.last, 1, false);
      func::FuncOp function = network.finish();
      Inputs inputs(random, 36, 16);
      REQUIRE(succeeded(calibrate::calibrate(function, inputs.samples)));
      func::FuncOp int8 = network.quantize();
      REQUIRE(int8);
      CHECK(!findOp<nn::DequantizeOp>(int8));
      INFO("mask " << mask << (isSum ? " added" : " selected"));
      CHECK(*calibrate::computeOutputSqnr(function, int8, inputs.samples) > 28);
    }
}
