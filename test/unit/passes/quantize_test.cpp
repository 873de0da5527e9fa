// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quantization of whole networks: fidelity, fallback to float, errors.
#include "quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;

// A convolutional network with a residual connection and a squeeze of sigmoid gates.
static void buildCnn(Network &network, Random &random) {
  int64_t channels = random.integer(4, 12);
  network.conv(random, channels, 3, 2, true);
  network.conv(random, channels, 3, 1, true, 0);
  Value shortcut = network.last;
  network.conv(random, channels, 1, 1, false);
  network.binary(nn::BinaryKind::Add, shortcut);
  network.unary(nn::UnaryKind::Relu);
  if (random.integer(0, 1))
    network.pool(nn::PoolKind::Max, 2, 2);
  Value trunk = network.last;
  network.unary(nn::UnaryKind::Sigmoid);
  network.binary(nn::BinaryKind::Mul, trunk);
  network.pool(nn::PoolKind::Average, network.shape()[1], 1);
  network.flatten();
  network.fullyConnected(random, 10);
}

TEST_CASE("random CNNs keep more than 25 dB in int8", "[quantize]") {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    Network network({1, 16, 16, 3});
    buildCnn(network, random);
    func::FuncOp reference = network.finish();
    Inputs calibration(random, 16 * 16 * 3, 16), heldOut(random, 16 * 16 * 3, 16);
    REQUIRE(succeeded(calibrate::calibrate(reference, calibration.samples)));
    func::FuncOp int8 = network.quantize();
    REQUIRE(int8);
    FailureOr<double> sqnr = calibrate::computeOutputSqnr(reference, int8, heldOut.samples);
    REQUIRE(succeeded(sqnr));
    INFO("seed " << seed << ": " << *sqnr << " dB");
    CHECK(*sqnr > 25);
    // The whole network is int8.
    CHECK(!findOp<nn::DequantizeOp>(int8));
    CHECK(nn::getInt8Type(int8.getArgumentTypes()[0]));
    CHECK(nn::getInt8Type(int8.getResultTypes()[0]));
  }
}

TEST_CASE("float inputs and outputs can stay", "[quantize]") {
  Random random(11);
  Network network({1, 8, 8, 2});
  network.conv(random, 4, 3, 1, true).flatten().fullyConnected(random, 5);
  func::FuncOp reference = network.finish();
  Inputs inputs(random, 8 * 8 * 2, 8);
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  func::FuncOp inside = network.quantize(/*ioFloat=*/true);
  REQUIRE(inside);
  CHECK(inside.getFunctionType() == reference.getFunctionType());
  CHECK(*calibrate::computeOutputSqnr(reference, inside, inputs.samples) > 30);
  // The same arithmetic inside: both forms agree bit for bit.
  OwningOpRef<ModuleOp> kept = std::move(network.quantized);
  func::FuncOp outside = network.quantize();
  FailureOr<calibrate::SampleRunner> a = calibrate::SampleRunner::create(inside), b = calibrate::SampleRunner::create(outside);
  for (const Sample &sample : inputs.samples) {
    REQUIRE((succeeded(a->run(sample)) && succeeded(b->run(sample))));
    CHECK(a->getReals(inside.getBody().front().getTerminator()->getOperand(0)) ==
          b->getReals(outside.getBody().front().getTerminator()->getOperand(0)));
  }
}

TEST_CASE("operations without an int8 kernel run in float and say so", "[quantize]") {
  Random random(12);
  Network network({1, 24});
  network.fullyConnected(random, 16);
  network.last = network.builder.create<nn::SoftmaxOp>(network.next(), network.last, 1, /*log=*/true);
  network.fullyConnected(random, 4);
  func::FuncOp reference = network.finish();
  Inputs inputs(random, 24, 16);
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  DiagnosticCollector collector(&network.context, /*quiet=*/true);
  func::FuncOp int8 = network.quantize();
  REQUIRE(int8);
  REQUIRE(collector.getWarnings().size() == 1);
  CHECK(collector.getWarnings()[0].node == "node1");
  CHECK(collector.getWarnings()[0].text == "runs in float: no int8 kernel for 'softmax' with log");
  CHECK(*calibrate::computeOutputSqnr(reference, int8, inputs.samples) > 25);
  auto softmax = findOp<nn::SoftmaxOp>(int8);
  REQUIRE(softmax);
  CHECK(softmax->hasAttr("thimble.float"));
  CHECK(softmax.getX().getDefiningOp<nn::DequantizeOp>());
}

TEST_CASE("a value without a range is an error that names its node", "[quantize]") {
  Random random(13);
  Network network({1, 8});
  network.fullyConnected(random, 4);
  func::FuncOp reference = network.finish();
  quantize::setRange(reference.getArgument(0), {-1, 1});
  DiagnosticCollector collector(&network.context, /*quiet=*/true);
  CHECK(!network.quantize());
  REQUIRE(collector.getErrors().size() == 1);
  CHECK(collector.getErrors()[0].node == "node0");
  CHECK(collector.getErrors()[0].text == "has no calibrated range; run calibration first");
}

TEST_CASE("calibration refuses infinities, NaN, wrong samples and none", "[quantize]") {
  Network network({1, 4});
  network.unary(nn::UnaryKind::Log);
  func::FuncOp function = network.finish();
  DiagnosticCollector collector(&network.context, /*quiet=*/true);
  Random random(14);
  Inputs inputs(random, 4, 2), wrong(random, 3, 1);
  CHECK(failed(calibrate::calibrate(function, inputs.samples)));
  CHECK(failed(calibrate::calibrate(function, wrong.samples)));
  CHECK(failed(calibrate::calibrate(function, {Sample{}})));
  CHECK(failed(calibrate::calibrate(function, {})));
  REQUIRE(collector.getErrors().size() == 4);
  CHECK(collector.getErrors()[0].node == "node0");
  CHECK(collector.getErrors()[0].text.find("infinite or undefined") != std::string::npos);
  CHECK(collector.getErrors()[1].text.find("of 16 bytes, but a sample has 12") != std::string::npos);
  CHECK(collector.getErrors()[2].text.find("takes 1 inputs, but a sample has 0") != std::string::npos);
}

TEST_CASE("values that are always zero quantize to zero", "[quantize]") {
  Random random(15);
  Network network({1, 4, 4, 2});
  Value w = network.constant({3, 1, 1, 2}, std::vector<float>(6, 0.f));
  network.last =
      network.builder.create<nn::Conv2DOp>(network.next(), network.last, w, Value(), ArrayRef<int64_t>{1, 1},
                                           ArrayRef<int64_t>{0, 0, 0, 0}, ArrayRef<int64_t>{1, 1}, 1, FloatAttr(), FloatAttr());
  func::FuncOp reference = network.finish();
  Inputs inputs(random, 32, 2);
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  func::FuncOp int8 = network.quantize();
  REQUIRE(int8);
  FailureOr<calibrate::SampleRunner> runner = calibrate::SampleRunner::create(int8);
  REQUIRE(succeeded(runner->run(inputs.samples[0])));
  std::vector<float> y = runner->getReals(int8.getBody().front().getTerminator()->getOperand(0));
  CHECK(llvm::all_of(y, [](float number) { return number == 0; }));
}

TEST_CASE("layer errors are matched by node", "[quantize]") {
  Random random(16);
  Network network({1, 8, 8, 2});
  network.conv(random, 4, 3, 1, true)
      .unary(nn::UnaryKind::Sigmoid)
      .unary(nn::UnaryKind::Tanh)
      .flatten()
      .fullyConnected(random, 3);
  func::FuncOp reference = network.finish();
  Inputs inputs(random, 8 * 8 * 2, 8);
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  func::FuncOp int8 = network.quantize();
  REQUIRE(int8);
  auto errors = calibrate::computeLayerErrors(reference, int8, inputs.samples);
  REQUIRE(succeeded(errors));
  // node1 (sigmoid) is part of the table of node2.
  REQUIRE(errors->size() == 4);
  CHECK((*errors)[0].op == "conv2d");
  CHECK((*errors)[1].node == "node2");
  CHECK((*errors)[1].op == "lookup");
  CHECK((*errors)[3].op == "fully_connected");
  for (const calibrate::LayerError &error : *errors)
    CHECK(error.sqnrDb > 30);
}

TEST_CASE("accuracy counts the right answers in both forms", "[quantize]") {
  Random random(17);
  Network network({1, 16});
  network.fullyConnected(random, 4);
  func::FuncOp reference = network.finish();
  Inputs inputs(random, 16, 50);
  FailureOr<calibrate::SampleRunner> runner = calibrate::SampleRunner::create(reference);
  std::vector<int64_t> labels;
  for (const Sample &sample : inputs.samples) {
    REQUIRE(succeeded(runner->run(sample)));
    std::vector<float> scores = runner->getReals(network.last);
    labels.push_back(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }
  for (size_t i = 0; i < 10; ++i)
    labels[i] = (labels[i] + 1) % 4;
  CHECK(*calibrate::computeAccuracy(reference, inputs.samples, labels) == Approx(0.8));
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  CHECK(*calibrate::computeAccuracy(network.quantize(), inputs.samples, labels) == Approx(0.8).margin(0.05));
  DiagnosticCollector collector(&network.context, /*quiet=*/true);
  CHECK(failed(calibrate::computeAccuracy(reference, inputs.samples, {1})));
}

TEST_CASE("what follows an operation with several results runs in float", "[quantize]") {
  Random random(12);
  Network network({1, 8});
  network.fullyConnected(random, 6);
  RankedTensorType values = network.tensor({1, 3});
  auto indices = RankedTensorType::get({1, 3}, network.builder.getI64Type());
  auto best = network.builder.create<nn::TopKOp>(network.next(), TypeRange{values, indices}, network.last, 1, false);
  network.last = best.getValues();
  network.unary(nn::UnaryKind::Tanh); // no table can start from values without an int8 form
  func::FuncOp reference = network.finish();
  Inputs inputs(random, 8, 8);
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  func::FuncOp int8 = network.quantize();
  REQUIRE(int8);
  CHECK(findOp<nn::TopKOp>(int8));
  CHECK(*calibrate::computeOutputSqnr(reference, int8, inputs.samples) > 25);
}
