// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions whose values are int16, all of them or some, against their float form; and models that quantize to int16 themselves.
#include "passes/quantize/Range.h"
#include "quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;

namespace {

void markAll(func::FuncOp function) {
  auto reason = StringAttr::get(function.getContext(), "asked for");
  function.setArgAttr(0, quantize::int16AttrName, reason);
  for (Operation &op : function.getBody().front())
    if (op.getNumResults() > 0 && !isa<nn::ConstantOp>(op))
      op.setDiscardableAttr(quantize::int16AttrName, reason);
}

template <typename Op> void mark(func::FuncOp function) {
  function.walk([](Op op) { op->setDiscardableAttr(quantize::int16AttrName, StringAttr::get(op.getContext(), "asked for")); });
}

// A layer with every operation that int16 has a kernel for.
void buildMixed(Network &net, Random &random) {
  net.conv(random, 6, 3, 1, true).conv(random, 6, 3, 1, false, 0);
  Value trunk = net.last;
  net.unary(nn::UnaryKind::Silu).binary(nn::BinaryKind::Mul, trunk).binary(nn::BinaryKind::Add, trunk);
  net.unary(nn::UnaryKind::Clamp, -1.0f, 1.5f);
  net.pool(nn::PoolKind::Max, 2, 2).pool(nn::PoolKind::Average, 2, 2);
  net.reshape({4, 6});
  Value scale = net.constant({6}, random.weights(6, 0.5f)), bias = net.constant({6}, random.weights(6, 0.3f));
  net.last = net.builder.create<nn::LayerNormOp>(net.next(), net.last, scale, bias, uint64_t(1), llvm::APFloat(1e-5f), false);
  Value keys = net.last;
  net.last = net.builder.create<nn::MatMulOp>(net.next(), net.tensor({4, 4}), keys, keys, false, true);
  net.last = net.builder.create<nn::SoftmaxOp>(net.next(), net.last.getType(), net.last, uint64_t(1), false);
  net.last = net.builder.create<nn::MatMulOp>(net.next(), net.tensor({4, 6}), net.last, keys, false, false);
  net.binary(nn::BinaryKind::Sub, keys).fullyConnected(random, 5).unary(nn::UnaryKind::Tanh);
}

double sqnrOf(Network &net, func::FuncOp reference, ArrayRef<Sample> samples) {
  func::FuncOp function = net.quantize();
  REQUIRE(function);
  FailureOr<double> sqnr = calibrate::computeOutputSqnr(reference, function, samples);
  REQUIRE(succeeded(sqnr));
  return *sqnr;
}

} // namespace

TEST_CASE("functions of int16 are far more exact than int8, without any float", "[quantize][int16]") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    Network net({1, 8, 8, 3});
    buildMixed(net, random);
    func::FuncOp reference = net.finish();
    Inputs inputs(random, 8 * 8 * 3, 12);
    REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
    double int8 = sqnrOf(net, reference, inputs.samples);
    markAll(reference);
    double int16 = sqnrOf(net, reference, inputs.samples);
    INFO("seed " << seed << ": int8 " << int8 << " dB, int16 " << int16 << " dB");
    CHECK(int16 > int8 + 8); // weights are int8 in both
    func::FuncOp function = *net.quantized->getOps<func::FuncOp>().begin();
    CHECK(nn::getInt16Type(function.getArgumentTypes()[0]));
    CHECK(nn::getInt16Type(function.getResultTypes()[0]));
    function.walk([](Operation *op) {
      INFO(op->getName().getStringRef().str());
      CHECK((!isa<nn::QuantizeOp, nn::DequantizeOp, nn::RequantizeOp>(op)));
      CHECK(!op->hasAttr(quantize::floatAttrName));
    });
  }
}

TEST_CASE("only what is marked is int16, with conversions at its borders", "[quantize][int16]") {
  Random random(21);
  Network net({1, 8, 8, 3});
  buildMixed(net, random);
  func::FuncOp reference = net.finish();
  Inputs inputs(random, 8 * 8 * 3, 12);
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  double int8 = sqnrOf(net, reference, inputs.samples);
  mark<nn::SoftmaxOp>(reference);
  double mixed = sqnrOf(net, reference, inputs.samples);
  func::FuncOp function = *net.quantized->getOps<func::FuncOp>().begin();
  auto softmax = findOp<nn::SoftmaxOp>(function);
  CHECK(nn::getInt16Type(softmax.getX().getType()));
  CHECK(nn::getInt16Type(softmax.getY().getType()).getScale() == 1.0 / 32768);
  // What computes its operand writes int16 at once.
  CHECK(softmax.getX().getDefiningOp<nn::MatMulOp>());
  size_t conversions = 0;
  function.walk([&](nn::RequantizeOp) { ++conversions; });
  CHECK(conversions == 2); // keys, which both products of the softmax read (transposed once, as int8), and its result
  CHECK(nn::getInt8Type(function.getArgumentTypes()[0]));
  function.walk([](nn::Conv2DOp conv) { CHECK(nn::getInt8Type(conv.getY().getType())); });
  INFO("int8 " << int8 << " dB, mixed " << mixed << " dB");
  CHECK(mixed > int8 - 1);
}

TEST_CASE("divisions and rectifiers with slopes are int16", "[quantize][int16]") {
  for (nn::BinaryKind kind : {nn::BinaryKind::PRelu, nn::BinaryKind::Div}) {
    Random random(6);
    Network net({1, 4, 4, 2});
    Value x = net.last;
    if (kind == nn::BinaryKind::Div) { // by a number for each channel
      net.unary(nn::UnaryKind::Abs);
      net.last = net.builder.create<nn::ReduceOp>(net.next(), nn::ReduceKind::Mean, net.last, ArrayRef<int64_t>{1, 2}, true);
      Value divisor = net.last;
      net.last = x;
      net.binary(kind, divisor);
    } else {
      net.binary(kind, net.constant({2}, {0.2f, -0.4f}));
    }
    func::FuncOp reference = net.finish();
    Inputs inputs(random, 32, 8);
    REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
    double int8 = sqnrOf(net, reference, inputs.samples);
    markAll(reference);
    double int16 = sqnrOf(net, reference, inputs.samples);
    INFO(nn::stringifyBinaryKind(kind).str() << ": int8 " << int8 << " dB, int16 " << int16 << " dB");
    CHECK(int16 > 80);
    CHECK(int16 > int8 + 35);
    func::FuncOp function = *net.quantized->getOps<func::FuncOp>().begin();
    auto binary = findOp<nn::BinaryOp>(function);
    REQUIRE(binary);
    CHECK(binary.getKind() == kind);
    function.walk([](Operation *op) { CHECK((!isa<nn::QuantizeOp, nn::DequantizeOp, nn::RequantizeOp>(op))); });
  }
}

TEST_CASE("an operation without an int16 kernel computes in int8 between two", "[quantize][int16]") {
  Network net({1, 4, 4, 2});
  net.last = net.builder.create<nn::ReduceOp>(net.next(), nn::ReduceKind::Min, net.last, ArrayRef<int64_t>{1, 2}, true);
  func::FuncOp reference = net.finish();
  Random random(5);
  Inputs inputs(random, 32, 8);
  REQUIRE(succeeded(calibrate::calibrate(reference, inputs.samples)));
  markAll(reference);
  DiagnosticCollector diagnostics(&net.context, true);
  double sqnr = sqnrOf(net, reference, inputs.samples);
  CHECK(sqnr > 25);
  REQUIRE(diagnostics.getWarnings().size() == 1);
  CHECK(thimble::format(diagnostics.getWarnings()[0]).find("no int16 kernel for 'reduce min'") != std::string::npos);
  CHECK(nn::getInt16Type((*net.quantized->getOps<func::FuncOp>().begin()).getResultTypes()[0]));
}

TEST_CASE("models that quantize to int16 themselves compute in int16", "[quantize][int16][adopt]") {
  Random random(33);
  Network net({2, 10});
  auto quantized = [&](double scale) {
    quantize::Int8Type type = quantize::makeInt16Type(&net.context, scale);
    Value codes = net.builder.create<nn::QuantizeOp>(net.next(), quantize::withElement(net.last.getType(), type), net.last);
    net.last = net.builder.create<nn::DequantizeOp>(net.next(), net.last.getType(), codes);
  };
  quantized(1.0 / 32768);
  Value a = net.last;
  Value w = net.constant({10, 10}, [&] {
    std::vector<float> grid;
    for (int i = 0; i < 100; ++i)
      grid.push_back(float(i % 10 == 0 ? 127 : random.integer(-127, 127)) * 0.01f);
    return grid;
  }());
  net.last = net.builder.create<nn::FullyConnectedOp>(net.next(), net.last, w, net.constant({10}, random.weights(10, 0.2f)),
                                                      FloatAttr(), FloatAttr());
  quantized(8.0 / 32768);
  net.binary(nn::BinaryKind::Add, a);
  quantized(8.0 / 32768);
  func::FuncOp reference = net.finish();
  net.quantized = net.module->clone();
  PassManager manager(&net.context);
  quantize::buildQuantizePipeline(manager, {false, /*adopt=*/true});
  REQUIRE(succeeded(manager.run(*net.quantized)));
  func::FuncOp function = *net.quantized->getOps<func::FuncOp>().begin();
  auto sum = findOp<nn::BinaryOp>(function);
  auto layer = findOp<nn::FullyConnectedOp>(function);
  REQUIRE((sum && layer));
  CHECK(nn::getInt16Type(sum.getY().getType()).getScale() == double(float(8.0 / 32768)));
  CHECK(nn::getInt16Type(layer.getX().getType()));
  Inputs inputs(random, 20, 4, -0.99f, 0.99f);
  FailureOr<double> sqnr = calibrate::computeOutputSqnr(reference, function, inputs.samples);
  REQUIRE(succeeded(sqnr));
  CHECK(*sqnr > 75); // one step of 2^-12 in numbers of about 2
}
