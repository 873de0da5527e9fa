// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Building small networks, and executing them before and after passes.
#include "network.h"
#include "compiler/execute/Executor.h"
#include "compiler/support/Constants.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/simplify/Simplify.h"
#include <catch2/catch.hpp>
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;

uint32_t Random::bits() {
  state = state * 1664525u + 1013904223u;
  uint32_t mixed = state ^ (state >> 15);
  return mixed * 2246822519u >> 3;
}

static ShapeRef shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

Network::Network(uint32_t seed) : context(MLIRContext::Threading::DISABLED), builder(&context), numbers(seed) {
  context.loadDialect<nn::NNDialect, func::FuncDialect>();
  module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(module->getBody());
  function = builder.create<func::FuncOp>(builder.getUnknownLoc(), "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
}

Value Network::input(ShapeRef shape, Type element) {
  auto type = RankedTensorType::get(shape, element ? element : builder.getF32Type());
  return function.getBody().addArgument(type, builder.getUnknownLoc());
}

func::FuncOp Network::finish(ValueRange outputs) {
  builder.create<func::ReturnOp>(builder.getUnknownLoc(), outputs);
  function.setType(builder.getFunctionType(function.getBody().getArgumentTypes(), outputs.getTypes()));
  return function;
}

Value Network::constant(ShapeRef shape, std::vector<float> elements) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return make<nn::ConstantOp>(type, makeConstant(type, llvm::ArrayRef<float>(elements)));
}

Value Network::random(ShapeRef shape, float low, float high) {
  std::vector<float> elements(size_t(ShapedType::getNumElements(shape)));
  for (float &element : elements)
    element = numbers.between(low, high);
  return constant(shape, elements);
}

Value Network::transpose(Value x, ShapeRef permutation) { return make<nn::TransposeOp>(x, permutation); }
Value Network::reshape(Value x, ShapeRef shape) {
  return make<nn::ReshapeOp>(RankedTensorType::get(shape, cast<RankedTensorType>(x.getType()).getElementType()), x);
}
Value Network::unary(nn::UnaryKind kind, Value x, float alpha, float beta) {
  return make<nn::UnaryOp>(kind, x, llvm::APFloat(alpha), llvm::APFloat(beta));
}
Value Network::binary(nn::BinaryKind kind, Value a, Value b) {
  return make<nn::BinaryOp>(kind, a, b, FloatAttr(), FloatAttr());
}
Value Network::reduce(nn::ReduceKind kind, Value x, ShapeRef axes, bool keepDims) {
  return make<nn::ReduceOp>(kind, x, axes, keepDims);
}
Value Network::concat(ValueRange inputs, int64_t axis) { return make<nn::ConcatOp>(inputs, axis); }
Value Network::slice(Value x, ShapeRef offsets, ShapeRef sizes) {
  return make<nn::SliceOp>(x, offsets, sizes, Shape(sizes.size(), 1));
}
Value Network::pad(Value x, ShapeRef before, ShapeRef after, double value) {
  return make<nn::PadOp>(nn::PadMode::Constant, x, before, after, llvm::APFloat(value));
}
Value Network::softmax(Value x, int64_t axis) { return make<nn::SoftmaxOp>(x, axis, false); }
Value Network::matmul(Value a, Value b) { return make<nn::MatMulOp>(a, b, false, false); }

Value Network::fullyConnected(Value x, int64_t cols, bool hasBias) {
  Value weights = random({cols, shapeOf(x)[1]}, -0.5f, 0.5f);
  return make<nn::FullyConnectedOp>(x, weights, hasBias ? random({cols}) : Value(), FloatAttr(), FloatAttr());
}

Value Network::conv(Value x, int64_t channels, int64_t kernel, int64_t stride, Shape pads, int64_t groups, bool hasBias) {
  Value weights = random({channels, kernel, kernel, shapeOf(x)[1] / groups}, -0.5f, 0.5f);
  Value y = make<nn::Conv2DOp>(transpose(x, {0, 2, 3, 1}), weights, hasBias ? random({channels}) : Value(),
                               Shape{stride, stride}, pads, Shape{1, 1}, groups, FloatAttr(), FloatAttr());
  return transpose(y, {0, 3, 1, 2});
}

Value Network::pool(nn::PoolKind kind, Value x, int64_t kernel, int64_t stride, Shape pads, bool countsPads) {
  Value y = make<nn::Pool2DOp>(kind, transpose(x, {0, 2, 3, 1}), Shape{kernel, kernel}, Shape{stride, stride}, pads,
                               Shape{1, 1}, Shape{0, 0}, countsPads);
  return transpose(y, {0, 3, 1, 2});
}

Value Network::batchNorm(Value x) {
  int64_t channels = shapeOf(x)[1];
  return add(mul(x, random({1, channels, 1, 1}, 0.5f, 1.5f)), random({1, channels, 1, 1}));
}

using Bytes = std::vector<char>;

static Bytes randomBytes(RankedTensorType type, Random &numbers) {
  Bytes bytes(size_t(tensorBytes(type)));
  int64_t width = elementBytes(type.getElementType());
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    float real = numbers.between(-2, 2);
    int64_t integer = type.getElementType().isInteger(1) ? numbers.below(2) : numbers.below(7) - 3;
    const void *source = type.getElementType().isF32() ? static_cast<const void *>(&real) : &integer;
    std::memcpy(bytes.data() + i * width, source, size_t(width));
  }
  return bytes;
}

static std::vector<Bytes> execute(func::FuncOp function, const std::vector<Bytes> &inputs) {
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(function);
  REQUIRE(succeeded(executor));
  std::vector<llvm::ArrayRef<char>> views(inputs.begin(), inputs.end());
  (*executor)->run(views);
  std::vector<Bytes> outputs;
  for (size_t i = 0; i < (*executor)->getOutputCount(); ++i)
    outputs.push_back((*executor)->getOutput(i).vec());
  return outputs;
}

static void compare(const Bytes &expected, const Bytes &actual, Type element) {
  REQUIRE(expected.size() == actual.size());
  if (!element.isF32()) {
    CHECK(expected == actual);
    return;
  }
  llvm::ArrayRef<float> a(reinterpret_cast<const float *>(expected.data()), expected.size() / 4);
  llvm::ArrayRef<float> b(reinterpret_cast<const float *>(actual.data()), actual.size() / 4);
  float largest = 1e-6f, error = 0;
  bool areSpecialsEqual = true;
  for (auto [x, y] : llvm::zip(a, b)) {
    if (std::isfinite(x) && std::isfinite(y)) {
      largest = std::max(largest, std::abs(x));
      error = std::max(error, std::abs(x - y));
    } else {
      areSpecialsEqual &= (std::isnan(x) && std::isnan(y)) || x == y;
    }
  }
  CHECK(areSpecialsEqual);
  CHECK(error <= 1e-5f * largest);
}

static std::string textOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream(text) << *op;
  return text;
}

func::FuncOp thimble::test::runPasses(ModuleOp module, const std::string &modulePasses) {
  static bool isRegistered = (simplify::registerPasses(), registerCanonicalizerPass(), true);
  (void)isRegistered;
  PassManager manager(module->getContext(), ModuleOp::getOperationName());
  std::string message;
  llvm::raw_string_ostream errors(message);
  bool isParsed = succeeded(parsePassPipeline(modulePasses, manager, errors));
  INFO(message);
  REQUIRE(isParsed);
  REQUIRE(succeeded(manager.run(module)));
  return *module.getOps<func::FuncOp>().begin();
}

Simplified thimble::test::simplifyModule(Network &network, const std::string &modulePasses) {
  INFO("before:\n" << textOf(network.getModule()));
  REQUIRE(succeeded(verify(network.getModule())));
  Simplified result{network.getModule().clone(), nullptr};
  result.function = runPasses(*result.module, modulePasses);
  INFO(modulePasses << "\nafter:\n" << textOf(*result.module));

  func::FuncOp before = *network.getModule().getOps<func::FuncOp>().begin();
  REQUIRE(before.getFunctionType() == result.function.getFunctionType());
  Random numbers(7);
  for (int run = 0; run < 2; ++run) {
    std::vector<Bytes> inputs;
    for (Type type : before.getArgumentTypes())
      inputs.push_back(randomBytes(cast<RankedTensorType>(type), numbers));
    std::vector<Bytes> expected = execute(before, inputs), actual = execute(result.function, inputs);
    for (auto [i, type] : llvm::enumerate(before.getResultTypes()))
      compare(expected[i], actual[i], cast<RankedTensorType>(type).getElementType());
  }
  return result;
}

// NCHW to NHWC, of 4-byte elements.
static Bytes toNHWC(const Bytes &image, ShapeRef shape) {
  Bytes result(image.size());
  int64_t pixels = shape[2] * shape[3], channels = shape[1];
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t p = 0; p < pixels; ++p)
        std::memcpy(result.data() + ((n * pixels + p) * channels + c) * 4, image.data() + ((n * channels + c) * pixels + p) * 4,
                    4);
  return result;
}

void thimble::test::compareTransposed(func::FuncOp nchw, func::FuncOp nhwc) {
  Random numbers(7);
  std::vector<Bytes> inputs, otherInputs;
  auto isChanged = [](Type a, Type b) { return a != b; };
  for (auto [type, other] : llvm::zip(nchw.getArgumentTypes(), nhwc.getArgumentTypes())) {
    inputs.push_back(randomBytes(cast<RankedTensorType>(type), numbers));
    ShapeRef shape = cast<RankedTensorType>(type).getShape();
    otherInputs.push_back(isChanged(type, other) ? toNHWC(inputs.back(), shape) : inputs.back());
  }
  std::vector<Bytes> expected = execute(nchw, inputs), actual = execute(nhwc, otherInputs);
  for (size_t i = 0; i < expected.size(); ++i) {
    auto type = cast<RankedTensorType>(nchw.getResultTypes()[i]);
    bool changed = isChanged(type, nhwc.getResultTypes()[i]);
    compare(changed ? toNHWC(expected[i], type.getShape()) : expected[i], actual[i], type.getElementType());
  }
}

Simplified thimble::test::simplify(Network &network, const std::string &functionPasses) {
  return simplifyModule(network, "func.func(" + functionPasses + ")");
}

size_t Simplified::countComputations() {
  size_t number = 0;
  function.walk([&](Operation *op) { number += !isa<nn::ConstantOp, nn::ReshapeOp, func::ReturnOp, func::FuncOp>(op); });
  return number;
}
