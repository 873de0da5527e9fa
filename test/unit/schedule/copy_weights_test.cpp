// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weights that are fetched before use, whole or by blocks of output channels, give the same results bit for bit.
#include "passes/schedule/CopyWeights.h"
#include "compiler/execute/Executor.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/FitRam.h"
#include "passes/schedule/PlaceConstants.h"
#include "passes/schedule/Schedule.h"
#include "test/unit/passes/quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;
using namespace thimble::schedule;

namespace {

mcu::ProgramOp getProgram(ModuleOp module) { return *module.getOps<mcu::ProgramOp>().begin(); }

std::vector<char> execute(mcu::ProgramOp program, llvm::ArrayRef<char> input) {
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(program);
  REQUIRE(succeeded(executor));
  (*executor)->run({input.take_front((*executor)->getInputBytes(0))});
  llvm::ArrayRef<char> output = (*executor)->getOutput(0);
  return {output.begin(), output.end()};
}

void plan(ModuleOp module) {
  PassManager manager(module.getContext());
  buildSchedulePipeline(manager);
  REQUIRE(succeeded(mlir::verify(module)));
  REQUIRE(succeeded(manager.run(module)));
  REQUIRE(succeeded(mlir::verify(module)));
}

// The most bytes that a call or step fetches at once.
int64_t getLargestFetch(mcu::ProgramOp program) {
  int64_t most = 0;
  program.walk([&](Operation *op) {
    auto kernel = op->getAttrOfType<StringAttr>("kernel");
    if (kernel && kernel.getValue() == "tmb_fetch")
      most = std::max<int64_t>(most, op->getAttrOfType<DictionaryAttr>("params").getAs<IntegerAttr>("count").getInt());
  });
  return most;
}

// Copies of all weights, in blocks of several sizes and streamed over rows besides, against the plain program.
void checkCopies(Network &network, const Inputs &inputs, bool isInt8) {
  network.finish();
  OwningOpRef<ModuleOp> module;
  if (isInt8) {
    REQUIRE(succeeded(calibrate::calibrate(network.function, inputs.samples)));
    REQUIRE(network.quantize());
    module = network.quantized->clone();
  } else {
    module = network.module->clone();
  }
  network.context.loadDialect<mcu::McuDialect>();
  PassManager manager(&network.context);
  lower::buildLowerPipeline(manager, {"net"});
  REQUIRE(succeeded(manager.run(*module)));
  llvm::ArrayRef<char> input = inputs.samples[0][0];
  OwningOpRef<ModuleOp> plain = module->clone();
  plan(*plain);
  std::vector<char> expected = execute(getProgram(*plain), input);

  CHECK(getLargestCopy(getProgram(*module)) == 0);
  REQUIRE(succeeded(placeConstants(getProgram(*module), {{"", mcu::Place::Copied}})));
  int64_t largest = getLargestCopy(getProgram(*module));
  REQUIRE(largest > 0);
  int64_t arena = INT64_MAX;
  for (int64_t most : {largest, largest / 2, largest / 3, int64_t(200), int64_t(1)}) {
    CAPTURE(most, largest);
    OwningOpRef<ModuleOp> copied = module->clone();
    copyWeights(getProgram(*copied), most);
    int64_t fetched = getLargestFetch(getProgram(*copied));
    CHECK(fetched > 0);
    CHECK(fetched <= largest);
    OwningOpRef<ModuleOp> streamed = copied->clone();
    plan(*copied);
    REQUIRE(execute(getProgram(*copied), input) == expected);
    if (most == largest)
      CHECK(fetched == largest);
    arena = std::min(arena, int64_t(*getProgram(*copied).getArenaBytes()));
    REQUIRE(succeeded(scheduleWithin(*streamed, 0)));
    REQUIRE(execute(getProgram(*streamed), input) == expected);
  }
  CHECK(arena >= int64_t(*getProgram(*plain).getLowerBound()));
}

} // namespace

TEST_CASE("fetched weights of convolutions give the same results", "[schedule][copy]") {
  for (unsigned seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    int64_t height = random.integer(4, 9), width = random.integer(4, 9), channels = random.integer(1, 6);
    Network network({1, height, width, channels});
    for (int64_t layers = random.integer(1, 3); layers > 0; --layers)
      network.conv(random, random.integer(3, 21), random.integer(0, 1) ? 3 : 1, random.integer(1, 2), random.integer(0, 1));
    network.conv(random, network.shape()[3], 3, 1, true, 0);
    Inputs inputs(random, height * width * channels, 3);
    checkCopies(network, inputs, seed % 4 != 0);
  }
}

TEST_CASE("fetched weights of fully connected layers give the same results", "[schedule][copy]") {
  for (unsigned seed = 0; seed < 16; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    int64_t rows = random.integer(1, 6), depth = random.integer(3, 40);
    Network network({rows, depth});
    network.fullyConnected(random, random.integer(5, 50))
        .unary(nn::UnaryKind::Relu)
        .fullyConnected(random, random.integer(5, 23));
    Inputs inputs(random, rows * depth, 3);
    checkCopies(network, inputs, seed % 4 != 0);
  }
}

TEST_CASE("blocks of weights take less RAM than whole layers", "[schedule][copy]") {
  Random random(1);
  Network network({1, 64});
  network.fullyConnected(random, 64);
  Inputs inputs(random, 64, 3);
  network.finish();
  REQUIRE(succeeded(calibrate::calibrate(network.function, inputs.samples)));
  REQUIRE(network.quantize());
  OwningOpRef<ModuleOp> module = network.quantized->clone();
  network.context.loadDialect<mcu::McuDialect>();
  PassManager manager(&network.context);
  lower::buildLowerPipeline(manager, {"net"});
  REQUIRE(succeeded(manager.run(*module)));
  REQUIRE(succeeded(placeConstants(getProgram(*module), {{"", mcu::Place::Copied}})));
  auto arenaFor = [&](int64_t most) {
    OwningOpRef<ModuleOp> copied = module->clone();
    copyWeights(getProgram(*copied), most);
    plan(*copied);
    return int64_t(*getProgram(*copied).getArenaBytes());
  };
  // Four outputs: 72 words; input and output are 64 bytes each.
  CHECK(arenaFor(1 << 20) == 16 * 288 + 128);
  CHECK(arenaFor(600) == 2 * 288 + 128);
  CHECK(arenaFor(1) == 288 + 128);
}
