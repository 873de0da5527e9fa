// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Channel equalization and bias correction: the function stays, the error shrinks.
#include "compiler/calibrate/ChannelGroups.h"
#include "compiler/calibrate/CorrectBias.h"
#include "compiler/calibrate/Equalize.h"
#include "quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;

namespace {

// Multiplies the elements of a layer's constant operand.
void scaleConstant(Value layer, unsigned operand, llvm::function_ref<float(int64_t)> factor) {
  auto constant = layer.getDefiningOp()->getOperand(operand).getDefiningOp<nn::ConstantOp>();
  std::vector<float> elements = ConstantData::get(constant.getY())->floats();
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] *= factor(int64_t(i));
  constant.setValueAttr(makeConstant<float>(cast<ShapedType>(constant.getType()), elements));
}

// Depthwise separable blocks whose channels differ by orders of magnitude, which the next layer takes back: so do folded batch
// normalizations leave them.
void buildUneven(Network &network, Random &random, float clamp) {
  std::vector<float> before(8, 1.f), factors(8);
  for (int i = 0; i < 6; ++i) {
    bool isDepthwise = i % 2 == 0;
    network.conv(random, 8, isDepthwise ? 3 : 1, 1, true, isDepthwise ? 0 : 1);
    for (float &factor : factors)
      factor = std::exp2(random.real(-4, 1));
    int64_t depth = isDepthwise ? 9 : 8;
    scaleConstant(network.last, 1,
                  [&](int64_t j) { return factors[size_t(j / depth)] / before[size_t(isDepthwise ? j / depth : j % depth)]; });
    scaleConstant(network.last, 2, [&](int64_t j) { return factors[size_t(j)]; });
    if (!std::isinf(clamp))
      network.last.getDefiningOp<nn::Conv2DOp>().setActMaxAttr(network.builder.getF32FloatAttr(clamp));
    before = factors;
  }
  network.pool(nn::PoolKind::Max, 2, 2);
  network.flatten().fullyConnected(random, 6);
  scaleConstant(network.last, 1, [&](int64_t j) { return 1 / before[size_t(j % 8)]; });
}

} // namespace

TEST_CASE("equalization keeps the function and makes int8 more exact", "[quantize]") {
  for (float clamp : {INFINITY, 3.f}) {
    Random random(7);
    Network network({1, 8, 8, 8});
    buildUneven(network, random, clamp);
    func::FuncOp function = network.finish();
    Inputs inputs(random, 512, 24);
    OwningOpRef<ModuleOp> kept = network.module->clone();
    func::FuncOp reference = *kept->getOps<func::FuncOp>().begin();
    REQUIRE(succeeded(calibrate::calibrate(function, inputs.samples)));
    double before = *calibrate::computeOutputSqnr(reference, network.quantize(), inputs.samples);
    REQUIRE(succeeded(calibrate::equalize(function, inputs.samples)));
    CHECK(*calibrate::computeOutputSqnr(reference, function, inputs.samples) > 90);
    REQUIRE(succeeded(calibrate::calibrate(function, inputs.samples)));
    func::FuncOp int8 = network.quantize();
    double after = *calibrate::computeOutputSqnr(reference, int8, inputs.samples);
    INFO("clamp " << clamp << ": " << before << " dB before, " << after << " dB after");
    CHECK(after > before + 2);
    // Errors of layers are those of the model's own scales.
    auto errors = calibrate::computeLayerErrors(reference, int8, inputs.samples);
    REQUIRE(succeeded(errors));
    REQUIRE(errors->size() == 9);
    for (const calibrate::LayerError &error : *errors)
      CHECK(error.sqnrDb > 25);
  }
}

TEST_CASE("groups of channels end where scaling does not commute", "[quantize]") {
  Random random(8);
  Network network({1, 8, 8, 4});
  network.conv(random, 6, 3, 1, true); // node0 with the pool and the sum: one group with node2
  Value first = network.last;
  network.pool(nn::PoolKind::Max, 1, 1);
  network.conv(random, 6, 1, 1, false); // node2
  network.binary(nn::BinaryKind::Add, first);
  network.conv(random, 6, 1, 1, false); // node4: in front of a sigmoid, so pinned
  network.unary(nn::UnaryKind::Sigmoid);
  network.conv(random, 5, 1, 1, false); // node6: with the mean a group
  network.last =
      network.builder.create<nn::ReduceOp>(network.next(), nn::ReduceKind::Mean, network.last, ArrayRef<int64_t>{1, 2}, false);
  network.fullyConnected(random, 3); // node8: an output, so pinned
  func::FuncOp function = network.finish();
  std::vector<calibrate::ChannelGroup> groups = calibrate::findChannelGroups(function);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].channels == 6);
  CHECK(groups[0].values.size() == 4);
  CHECK(groups[0].producers.size() == 2);
  CHECK(groups[0].consumers.size() == 2);
  CHECK(groups[1].channels == 5);
  CHECK(groups[1].producers.size() == 1);
  CHECK(groups[1].consumers.size() == 1);
}

TEST_CASE("layer normalizations take part in equalization", "[quantize]") {
  Random random(9);
  Network network({4, 8});
  Value scale = network.constant({8}, {5, 0.1f, 1, 1, 0.2f, 3, 1, 0.05f}),
        bias = network.constant({8}, random.weights(8, 0.1f));
  network.last = network.builder.create<nn::LayerNormOp>(network.next(), network.last, scale, bias, 1, llvm::APFloat(1e-5f));
  network.fullyConnected(random, 8);
  func::FuncOp function = network.finish();
  Inputs inputs(random, 32, 8);
  OwningOpRef<ModuleOp> kept = network.module->clone();
  REQUIRE(succeeded(calibrate::equalize(function, inputs.samples)));
  CHECK(findOp<nn::LayerNormOp>(function)->hasAttr(quantize::channelFactorsAttrName));
  CHECK(*calibrate::computeOutputSqnr(*kept->getOps<func::FuncOp>().begin(), function, inputs.samples) > 90);
}

TEST_CASE("bias correction removes the mean error", "[quantize]") {
  double gained = 0;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Random random(seed + 20);
    Network network({1, 8, 8, 8});
    buildUneven(network, random, INFINITY);
    func::FuncOp function = network.finish();
    Inputs inputs(random, 512, 24), heldOut(random, 512, 24);
    OwningOpRef<ModuleOp> kept = network.module->clone();
    func::FuncOp reference = *kept->getOps<func::FuncOp>().begin();
    REQUIRE((succeeded(calibrate::equalize(function, inputs.samples)) &&
             succeeded(calibrate::calibrate(function, inputs.samples))));
    func::FuncOp int8 = network.quantize();
    double before = *calibrate::computeOutputSqnr(reference, int8, heldOut.samples);
    size_t steps = 0;
    calibrate::BiasCorrectionOptions options;
    options.progress = [&](size_t done, size_t total) { steps += done <= total; };
    REQUIRE(succeeded(calibrate::correctBiases(reference, int8, inputs.samples, options)));
    CHECK(steps == 7);
    gained += *calibrate::computeOutputSqnr(reference, int8, heldOut.samples) - before;
  }
  CHECK(gained / 4 > 0.3);
}

TEST_CASE("bias correction adds a bias where there was none", "[quantize]") {
  Random random(30);
  Network network({2, 16});
  Value w = network.constant({4, 16}, random.weights(64, 0.3f));
  network.last =
      network.builder.create<nn::FullyConnectedOp>(network.next(), network.last, w, Value(), FloatAttr(), FloatAttr());
  func::FuncOp function = network.finish();
  Inputs inputs(random, 32, 8, 0, 1);
  REQUIRE(succeeded(calibrate::calibrate(function, inputs.samples)));
  func::FuncOp int8 = network.quantize();
  REQUIRE(succeeded(calibrate::correctBiases(function, int8, inputs.samples)));
  CHECK(findOp<nn::FullyConnectedOp>(int8).getBias());
  CHECK(succeeded(mlir::verify(*network.quantized)));
  CHECK(*calibrate::computeOutputSqnr(function, int8, inputs.samples) > 35);
}
