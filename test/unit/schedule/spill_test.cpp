// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs with a second arena compute what those with one do, bit for bit, and both arenas keep their budgets.
#include "passes/schedule/SpillBuffers.h"
#include "compiler/execute/Executor.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/FitRam.h"
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

int64_t spilledBytes(mcu::ProgramOp program) {
  int64_t end = 0;
  for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>())
    if (mcu::isSpilled(buffer))
      end = std::max(end, int64_t(*buffer.getOffset()) + mcu::byteSize(buffer.getMemory()));
  return end;
}

OwningOpRef<ModuleOp> lowered(Network &network, const Inputs &inputs) {
  network.finish();
  REQUIRE(succeeded(calibrate::calibrate(network.function, inputs.samples)));
  REQUIRE(network.quantize());
  OwningOpRef<ModuleOp> module = network.quantized->clone();
  network.context.loadDialect<mcu::McuDialect>();
  PassManager manager(&network.context);
  lower::buildLowerPipeline(manager, {"net"});
  REQUIRE(succeeded(manager.run(*module)));
  REQUIRE(succeeded(scheduleWithin(*module, std::nullopt)));
  return module;
}

} // namespace

TEST_CASE("spilled programs equal plain ones", "[schedule][spill]") {
  int spills = 0;
  for (unsigned seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    int64_t height = random.integer(6, 12), width = random.integer(6, 12), channels = random.integer(3, 8);
    Network network({1, height, width, channels});
    for (int64_t blocks = random.integer(1, 3); blocks > 0; --blocks) {
      network.conv(random, random.integer(3, 16), random.integer(0, 1) ? 3 : 1, 1, true);
      Value shortcut = network.last;
      int64_t depth = network.shape()[3];
      network.conv(random, 2 * depth, 3, 1, true).conv(random, depth, 1, 1, false).binary(nn::BinaryKind::Add, shortcut);
    }
    network.conv(random, 2, 3, 2, true);
    Inputs inputs(random, height * width * channels, 3);
    OwningOpRef<ModuleOp> plain = lowered(network, inputs);
    llvm::ArrayRef<char> input = inputs.samples[0][0];
    std::vector<char> expected = execute(getProgram(*plain), input);
    int64_t arena = int64_t(*getProgram(*plain).getArenaBytes());
    for (int64_t percent : {90, 75, 60, 45}) {
      CAPTURE(percent);
      int64_t budget = arena * percent / 100;
      OwningOpRef<ModuleOp> spilled = plain->clone();
      FailureOr<std::vector<SpilledBuffer>> buffers = spillBuffers(*spilled, budget, int64_t(1) << 30);
      REQUIRE(succeeded(buffers));
      REQUIRE(succeeded(mlir::verify(*spilled)));
      mcu::ProgramOp program = getProgram(*spilled);
      REQUIRE(execute(program, input) == expected);
      if (buffers->empty()) {
        CHECK(mcu::getExternalArenaBytes(program) == 0);
        continue;
      }
      ++spills;
      CHECK(int64_t(*program.getArenaBytes()) <= budget);
      CHECK(mcu::getExternalArenaBytes(program) == int64_t(llvm::alignTo(uint64_t(spilledBytes(program)), 4)));
      for (const SpilledBuffer &buffer : *buffers)
        CHECK(buffer.traffic >= 2 * buffer.bytes); // written and read

      // One byte less outside, and nothing changes.
      OwningOpRef<ModuleOp> refused = plain->clone();
      buffers = spillBuffers(*refused, budget, mcu::getExternalArenaBytes(program) - 1);
      REQUIRE(succeeded(buffers));
      CHECK(buffers->empty());
      CHECK(int64_t(*getProgram(*refused).getArenaBytes()) == arena);
    }
  }
  CHECK(spills > 60);
}

TEST_CASE("of several buffers the one with the least traffic leaves", "[schedule][spill]") {
  // A shortcut lies idle while others work.
  Random random(1);
  Network network({1, 8, 8, 8});
  network.conv(random, 8, 1, 1, true);
  Value shortcut = network.last;
  network.conv(random, 8, 3, 1, true).conv(random, 8, 3, 1, true).conv(random, 8, 3, 1, true);
  network.unary(nn::UnaryKind::Tanh).binary(nn::BinaryKind::Add, shortcut);
  network.conv(random, 2, 1, 1, false);
  Inputs inputs(random, 512, 3);
  OwningOpRef<ModuleOp> module = lowered(network, inputs);
  int64_t arena = int64_t(*getProgram(*module).getArenaBytes());
  FailureOr<std::vector<SpilledBuffer>> buffers = spillBuffers(*module, arena - 256, 4096);
  REQUIRE(succeeded(buffers));
  REQUIRE(buffers->size() == 1);
  CHECK(buffers->front().bytes == 512);
  CHECK(mcu::getExternalArenaBytes(getProgram(*module)) == 512);
  CHECK(int64_t(*getProgram(*module).getLowerBound()) <= int64_t(*getProgram(*module).getArenaBytes()));
}
