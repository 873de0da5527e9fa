// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Concatenations written in place and slices that are views compute what copies do, and need no more memory.
#include "compiler/execute/Executor.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/FitRam.h"
#include "passes/schedule/Schedule.h"
#include "test/unit/passes/quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;
using namespace thimble::schedule;

namespace {

mcu::ProgramOp getProgram(ModuleOp module) { return *module.getOps<mcu::ProgramOp>().begin(); }

// Values of a few rows that are joined, cut and computed on, so that buffers are pieces of others in every way.
void buildRandom(Network &network, Random &random, int64_t width) {
  OpBuilder &builder = network.builder;
  std::vector<Value> values = {network.last};
  auto rowsOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(0); };
  auto any = [&] { return values[size_t(random.integer(0, int64_t(values.size()) - 1))]; };
  for (int64_t count = random.integer(4, 12); count > 0; --count) {
    Value x = any();
    network.last = x;
    switch (random.integer(0, 5)) {
    case 0:
    case 1: {
      llvm::SmallVector<Value> parts = {x};
      int64_t rows = rowsOf(x);
      for (int64_t more = random.integer(1, 3); more > 0; --more)
        if (Value other = any(); rows + rowsOf(other) <= 24) {
          parts.push_back(other);
          rows += rowsOf(other);
        }
      network.last = builder.create<nn::ConcatOp>(network.next(), network.tensor({rows, width}), parts, uint64_t(0));
      break;
    }
    case 2: {
      int64_t first = random.integer(0, rowsOf(x) - 1), rows = random.integer(1, rowsOf(x) - first);
      network.last = builder.create<nn::SliceOp>(network.next(), network.tensor({rows, width}), x, ArrayRef<int64_t>{first, 0},
                                                 ArrayRef<int64_t>{rows, width}, ArrayRef<int64_t>{1, 1});
      break;
    }
    case 3:
      network.unary(nn::UnaryKind::Relu);
      break;
    case 4:
      network.binary(nn::BinaryKind::Add, x);
      break;
    default:
      network.fullyConnected(random, width);
    }
    values.push_back(network.last);
  }
  // Everything reaches the output.
  llvm::SmallVector<Value> leaves;
  int64_t rows = 0;
  for (Value value : values)
    if (value.use_empty()) {
      leaves.push_back(value);
      rows += rowsOf(value);
    }
  network.last = builder.create<nn::ConcatOp>(network.next(), network.tensor({rows, width}), leaves, uint64_t(0));
}

OwningOpRef<ModuleOp> lowered(Network &network, const Inputs &inputs, bool isInt8) {
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
  return module;
}

std::vector<char> execute(ModuleOp module, llvm::ArrayRef<char> input) {
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(getProgram(module));
  REQUIRE(succeeded(executor));
  (*executor)->run({input.take_front((*executor)->getInputBytes(0))});
  llvm::ArrayRef<char> output = (*executor)->getOutput(0);
  return {output.begin(), output.end()};
}

void schedule(ModuleOp module, bool sharesSlices) {
  PassManager manager(module.getContext());
  if (sharesSlices) {
    buildSchedulePipeline(manager);
  } else {
    OpPassManager &program = manager.nest<mcu::ProgramOp>();
    program.addPass(createOrderCalls());
    program.addPass(createShareInPlace());
    program.addPass(createPlanArena());
    program.addPass(createVerifyPlan());
  }
  REQUIRE(succeeded(manager.run(module)));
  REQUIRE(succeeded(mlir::verify(module)));
}

struct Totals {
  size_t copies = 0, merged = 0;
  int64_t bytes = 0, plainBytes = 0;
};

void check(unsigned seed, bool isInt8, Totals &totals) {
  CAPTURE(seed, isInt8);
  Random random(seed);
  int64_t rows = random.integer(2, 6), width = random.integer(1, 4) * (isInt8 && random.integer(0, 2) ? 4 : 1);
  Network network({rows, width});
  buildRandom(network, random, width);
  Inputs inputs(random, rows * width, 3);
  OwningOpRef<ModuleOp> plain = lowered(network, inputs, isInt8), shared = plain->clone(), streamed = plain->clone();
  size_t calls = mcu::getCalls(getProgram(*plain)).size();
  schedule(*plain, false);
  schedule(*shared, true);
  llvm::ArrayRef<char> input = inputs.samples[0][0];
  std::vector<char> expected = execute(*plain, input);
  REQUIRE(execute(*shared, input) == expected);
  int64_t plainBytes = int64_t(*getProgram(*plain).getArenaBytes()), bytes = int64_t(*getProgram(*shared).getArenaBytes());
  CHECK(bytes <= plainBytes);
  CHECK(*getProgram(*shared).getLowerBound() <= *getProgram(*plain).getLowerBound());
  for (mcu::CallOp call : mcu::getCalls(getProgram(*plain)))
    totals.copies += call.getKernel() == "tmb_copy_nd";
  totals.merged += calls - mcu::getCalls(getProgram(*shared)).size();
  totals.bytes += bytes;
  totals.plainBytes += plainBytes;
  FailureOr<RamSearch> search = scheduleWithin(*streamed, bytes * 3 / 4);
  REQUIRE(succeeded(search));
  REQUIRE(execute(*streamed, input) == expected);
}

} // namespace

TEST_CASE("pieces of buffers hold what copies would", "[schedule]") {
  Totals totals;
  for (unsigned seed = 0; seed < 40; ++seed)
    check(seed, seed % 2 == 1, totals);
  INFO(totals.merged << " of " << totals.copies << " copies are gone, " << totals.plainBytes << " -> " << totals.bytes
                     << " bytes");
  CHECK(totals.merged * 2 > totals.copies);
  CHECK(totals.bytes * 10 < totals.plainBytes * 9);
}
