// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Models with state compute what the same models compute that get it as an input, bit for bit: float and int8, as a function and as a
// program.
#include "compiler/calibrate/Calibrate.h"
#include "compiler/execute/Executor.h"
#include "compiler/import/OnnxImport.h"
#include "compiler/pipeline/States.h"
#include "dialects/nn/NNStates.h"
#include "mlir/Pass/PassManager.h"
#include "passes/legalize/Legalize.h"
#include "passes/lower/Lower.h"
#include "passes/quantize/Affine.h"
#include "passes/quantize/Quantize.h"
#include "passes/schedule/Schedule.h"
#include "passes/simplify/Simplify.h"
#include <catch2/catch.hpp>
#include <random>

using namespace mlir;
using namespace thimble;

namespace {

// A GRU whose state is also read by others, and a leaky sum whose new value and old value meet.
constexpr char text[] = R"(<ir_version: 8, opset_import: ["" : 18]>
g (float[1, 1, 6] x, float[1, 1, 8] h, float[1, 3] s) => (float[1, 3] y, float[1, 1, 8] hn, float[1, 3] sn) {
  w = RandomUniform<shape = [1, 24, 6], low = -0.7, high = 0.7, seed = 1.0>()
  r = RandomUniform<shape = [1, 24, 8], low = -0.7, high = 0.7, seed = 2.0>()
  b = RandomUniform<shape = [1, 48], low = -0.2, high = 0.2, seed = 3.0>()
  v = RandomUniform<shape = [8, 3], low = -0.9, high = 0.9, seed = 4.0>()
  all, hn = GRU<hidden_size = 8>(x, w, r, b, , h)
  shape = Constant<value_ints = [1, 8]>()
  row = Reshape(hn, shape)
  z = MatMul(row, v)
  half = Constant<value_float = 0.5>()
  less = Mul(s, half)
  sn = Add(less, z)
  y = Mul(sn, s)
})";

using Data = std::vector<std::vector<float>>; // sample -> elements of x

Data randomData(size_t count) {
  std::mt19937 random(7);
  Data data(count, std::vector<float>(6));
  for (std::vector<float> &sample : data)
    for (float &element : sample)
      element = float(int32_t(random() & 0xFFFF) - 0x8000) / 32768.0f;
  return data;
}

llvm::ArrayRef<char> bytesOf(const std::vector<float> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float)};
}

void runPasses(ModuleOp module, llvm::function_ref<void(OpPassManager &)> build) {
  PassManager manager(module.getContext());
  build(manager);
  REQUIRE(succeeded(manager.run(module)));
}

func::FuncOp getFunction(ModuleOp module) { return *module.getOps<func::FuncOp>().begin(); }

// The first public output of each run, as bytes.
template <typename Op>
std::vector<std::vector<char>> runSequence(Op op, const std::vector<std::vector<char>> &inputs, int64_t length) {
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(op);
  REQUIRE(succeeded(executor));
  REQUIRE((*executor)->getInputCount() == 1);
  REQUIRE((*executor)->getOutputCount() == 1);
  CHECK((*executor)->hasState());
  (*executor)->setSequenceLength(length);
  std::vector<std::vector<char>> outputs;
  for (const std::vector<char> &input : inputs) {
    (*executor)->run({llvm::ArrayRef<char>(input)});
    outputs.emplace_back((*executor)->getOutput(0).begin(), (*executor)->getOutput(0).end());
  }
  return outputs;
}

// The same with states as inputs and outputs.
std::vector<std::vector<char>> runExplicit(func::FuncOp stateful, const std::vector<std::vector<char>> &inputs,
                                           int64_t length) {
  OwningOpRef<ModuleOp> copy = stateful->getParentOfType<ModuleOp>().clone();
  func::FuncOp function = getFunction(*copy);
  llvm::SmallVector<nn::StatePair> states = nn::getStates(function);
  std::vector<std::vector<char>> zeros, current;
  for (nn::StatePair state : states) {
    function.removeArgAttr(state.argument, nn::stateAttrName);
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[state.argument]);
    auto quantized = nn::getActivationType(type);
    // States of one function have one type on both sides.
    CHECK(function.getResultTypes()[state.result] == type);
    size_t width = quantized ? size_t(quantized.getStorageTypeIntegralWidth()) / 8 : sizeof(float);
    zeros.emplace_back(size_t(type.getNumElements()) * width, char(quantized ? quantized.getZeroPoint() : 0));
  }
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(function);
  REQUIRE(succeeded(executor));
  CHECK(!(*executor)->hasState());
  std::vector<std::vector<char>> outputs;
  for (size_t sample = 0; sample < inputs.size(); ++sample) {
    if (sample % size_t(length) == 0)
      current = zeros;
    std::vector<llvm::ArrayRef<char>> views((*executor)->getInputCount());
    for (size_t i = 0, state = 0; i < views.size(); ++i) {
      bool isState = state < states.size() && states[state].argument == i;
      views[i] = isState ? llvm::ArrayRef<char>(current[state++]) : llvm::ArrayRef<char>(inputs[sample]);
    }
    (*executor)->run(views);
    for (auto [state, bytes] : llvm::zip(states, current))
      bytes.assign((*executor)->getOutput(state.result).begin(), (*executor)->getOutput(state.result).end());
    outputs.emplace_back((*executor)->getOutput(0).begin(), (*executor)->getOutput(0).end());
  }
  return outputs;
}

void check(ModuleOp module, const std::vector<std::vector<char>> &inputs) {
  func::FuncOp function = getFunction(module);
  std::vector<std::vector<char>> expected = runExplicit(function, inputs, 4), all = runExplicit(function, inputs, 1000);
  CHECK(expected != all); // a state that is lost shows
  CHECK(runSequence(function, inputs, 4) == expected);
  CHECK(runSequence(function, inputs, 0) == all);
  OwningOpRef<ModuleOp> lowered = module.clone();
  runPasses(*lowered, [](OpPassManager &manager) { lower::buildLowerPipeline(manager, {"net"}); });
  runPasses(*lowered, schedule::buildSchedulePipeline);
  mcu::ProgramOp program = *lowered->getOps<mcu::ProgramOp>().begin();
  REQUIRE(program.getStateBytes());
  CHECK(runSequence(program, inputs, 4) == expected);
  CHECK(runSequence(program, inputs, 0) == all);
}

} // namespace

TEST_CASE("states in float and in int8", "[state]") {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<mcu::McuDialect, quant::QuantizationDialect>();
  OwningOpRef<ModuleOp> module = importOnnxText(&context, text, "test");
  REQUIRE(module);
  REQUIRE(succeeded(markStates(*module, {{"hn", "h"}, {"sn", "s"}}, 5)));
  runPasses(*module, [](OpPassManager &manager) {
    legalize::buildLegalizePipeline(manager);
    simplify::buildSimplifyPipeline(manager, {});
  });
  Data data = randomData(40);
  std::vector<std::vector<char>> inputs;
  for (const std::vector<float> &sample : data)
    inputs.emplace_back(bytesOf(sample).begin(), bytesOf(sample).end());
  SECTION("float") { check(*module, inputs); }
  SECTION("int8") {
    std::vector<calibrate::Sample> samples;
    for (const std::vector<float> &sample : data)
      samples.push_back({bytesOf(sample)});
    REQUIRE(succeeded(calibrate::calibrate(getFunction(*module), samples)));
    runPasses(*module, [](OpPassManager &manager) { quantize::buildQuantizePipeline(manager, {}); });
    func::FuncOp function = getFunction(*module);
    for (nn::StatePair state : nn::getStates(function))
      CHECK(nn::getActivationType(function.getArgumentTypes()[state.argument]));
    std::vector<std::vector<char>> codes;
    quant::UniformQuantizedType type = nn::getInt8Type(function.getArgumentTypes()[nn::getPublicArguments(function).front()]);
    for (const std::vector<float> &sample : data) {
      std::vector<int8_t> quantized = quantize::quantizeElements(sample, type);
      codes.emplace_back(quantized.begin(), quantized.end());
    }
    check(*module, codes);
  }
}

TEST_CASE("a sequence that calibration saw decides the range of a state", "[state]") {
  // The sum grows as long as a sequence lasts: with sequences of one sample it never leaves zero before a run.
  constexpr char sum[] = R"(<ir_version: 8, opset_import: ["" : 18]>
g (float[1, 4] x, float[1, 4] s) => (float[1, 4] y, float[1, 4] sn) { sn = Add(s, x)
  y = Relu(s) })";
  auto rangeFor = [&](int64_t length) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    context.loadDialect<quant::QuantizationDialect>();
    OwningOpRef<ModuleOp> module = importOnnxText(&context, sum, "test");
    REQUIRE(module);
    REQUIRE(succeeded(markStates(*module, {{"sn", "s"}}, length)));
    runPasses(*module, [](OpPassManager &manager) {
      legalize::buildLegalizePipeline(manager);
      simplify::buildSimplifyPipeline(manager, {});
    });
    std::vector<float> ones(4, 1.0f);
    std::vector<calibrate::Sample> samples(10, {bytesOf(ones)});
    REQUIRE(succeeded(calibrate::calibrate(getFunction(*module), samples)));
    runPasses(*module, [](OpPassManager &manager) { quantize::buildQuantizePipeline(manager, {}); });
    func::FuncOp function = getFunction(*module);
    return nn::getInt8Type(function.getArgumentTypes()[nn::getStates(function).front().argument]).getScale() * 255;
  };
  CHECK(rangeFor(0) == Approx(10).epsilon(0.05));
  CHECK(rangeFor(4) == Approx(4).epsilon(0.05));
}
