// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs with a second arena compute what those with one do, bit for bit, and both arenas keep their budgets.
#include "passes/schedule/SpillBuffers.h"
#include "passes/schedule/SpillSearch.h"
#include "compiler/execute/Executor.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/FitRam.h"
#include "test/unit/passes/quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;
using namespace thimble::schedule;

namespace {

// All choices of a small problem; -1 if none fits.
int64_t leastCost(const SpillProblem &problem, std::vector<int> &ways, size_t item) {
  if (item == ways.size()) {
    int64_t cost = 0;
    for (size_t i = 0; i < ways.size(); ++i)
      cost += ways[i] < 0 ? 0 : problem.ways[i][size_t(ways[i])].cost;
    PlacementProblem outside = outsideOf(problem, ways);
    bool fits = place(insideOf(problem, ways), 2'000'000).height <= problem.budget &&
                place(outside, 2'000'000).height <= problem.outsideBudget;
    return fits ? cost : -1;
  }
  int64_t least = -1;
  for (int way = -1; way < int(problem.ways[item].size()); ++way) {
    ways[item] = way;
    int64_t cost = leastCost(problem, ways, item + 1);
    if (cost >= 0 && (least < 0 || cost < least))
      least = cost;
  }
  ways[item] = -1;
  return least;
}

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
  int spills = 0, copies = 0;
  for (unsigned seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    int64_t height = random.integer(6, 12), width = random.integer(6, 12), channels = random.integer(3, 8);
    Network network({1, height, width, channels});
    for (int64_t blocks = random.integer(1, 3); blocks > 0; --blocks) {
      network.conv(random, random.integer(3, 16), random.integer(0, 1) ? 3 : 1, 1, true);
      Value shortcut = network.last;
      int64_t depth = network.shape()[3];
      if (random.integer(0, 1)) // nobody needs the shortcut while most is live
        network.conv(random, depth, 1, 1, true).conv(random, 2 * depth, 3, 1, true);
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
      FailureOr<std::vector<SpilledBuffer>> buffers =
          spillBuffers(*spilled, budget, {int64_t(1) << 30, percent % 10 == 0 ? 4 : 16});
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
      int64_t cost = 0;
      for (const SpilledBuffer &buffer : *buffers) {
        CHECK(buffer.traffic >= 2 * buffer.bytes); // written and read
        cost += buffer.cost;
        copies += buffer.isCopied;
      }

      // One byte less outside: what fits there costs no less, or nothing changes.
      OwningOpRef<ModuleOp> other = plain->clone();
      int64_t room = mcu::getExternalArenaBytes(program) - 1;
      buffers = spillBuffers(*other, budget, {room, percent % 10 == 0 ? 4 : 16});
      REQUIRE(succeeded(buffers));
      REQUIRE(execute(getProgram(*other), input) == expected);
      CHECK(mcu::getExternalArenaBytes(getProgram(*other)) <= room);
      if (buffers->empty()) {
        CHECK(int64_t(*getProgram(*other).getArenaBytes()) == arena);
        continue;
      }
      int64_t otherCost = 0;
      for (const SpilledBuffer &buffer : *buffers)
        otherCost += buffer.cost;
      CHECK(otherCost >= cost);
    }
  }
  CHECK(spills > 60);
  CHECK(copies > 0);
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
  FailureOr<std::vector<SpilledBuffer>> buffers = spillBuffers(*module, arena - 256, {4096, 4});
  REQUIRE(succeeded(buffers));
  REQUIRE(buffers->size() == 1);
  CHECK(buffers->front().bytes == 512);
  CHECK(mcu::getExternalArenaBytes(getProgram(*module)) == 512);
  CHECK(int64_t(*getProgram(*module).getLowerBound()) <= int64_t(*getProgram(*module).getArenaBytes()));
}

TEST_CASE("the cheapest of all choices leaves", "[schedule][spill]") {
  int found = 0, copies = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    SpillProblem problem;
    int64_t steps = random.integer(3, 8);
    for (int64_t count = random.integer(3, 7); count > 0; --count) {
      int64_t first = random.integer(0, steps - 1), last = random.integer(first, steps - 1), bytes = 4 * random.integer(1, 20);
      problem.inside.items.push_back({4 * first, 4 * last, bytes, 4, {}});
      std::vector<SpillWay> &ways = problem.ways.emplace_back();
      if (random.integer(0, 3) > 0)
        ways.push_back({random.integer(1, 100), 4 * first, 4 * last});
      if (last - first > 1)
        ways.push_back({random.integer(1, 100), 4 * first + 1, 4 * last - 1});
    }
    int64_t height = place(problem.inside, 2'000'000).height;
    problem.budget = height * random.integer(30, 90) / 100 / 4 * 4;
    problem.outsideBudget = random.integer(0, 1) ? 1 << 20 : height / 2;
    std::vector<int> ways(problem.ways.size(), -1);
    int64_t expected = leastCost(problem, ways, 0);
    std::optional<SpillChoice> choice = searchSpills(problem);
    REQUIRE(choice.has_value() == (expected >= 0));
    if (!choice)
      continue;
    ++found;
    CHECK(choice->isLeast);
    CHECK(choice->cost == expected);
    for (size_t item = 0; item < choice->ways.size(); ++item)
      copies +=
          choice->ways[item] >= 0 && problem.ways[item][size_t(choice->ways[item])].first > problem.inside.items[item].first;

    // Cut short, the result fits all the same.
    SpillLimits limits;
    limits.work = 200;
    if (std::optional<SpillChoice> quick = searchSpills(problem, limits)) {
      CHECK(quick->cost >= expected);
      CHECK(place(insideOf(problem, quick->ways), 2'000'000).height <= problem.budget);
    }
  }
  CHECK(found > 100);
  CHECK(copies > 20);
}

TEST_CASE("a shortcut is copied aside where that costs less than using it there", "[schedule][spill]") {
  Random random(1);
  Network network({1, 8, 8, 8});
  network.conv(random, 8, 1, 1, true);
  Value shortcut = network.last;
  network.conv(random, 16, 3, 1, true).conv(random, 16, 3, 1, true).conv(random, 16, 3, 1, true).conv(random, 8, 3, 1, true);
  network.binary(nn::BinaryKind::Add, shortcut).conv(random, 2, 1, 1, false);
  Inputs inputs(random, 512, 3);
  OwningOpRef<ModuleOp> plain = lowered(network, inputs);
  int64_t arena = int64_t(*getProgram(*plain).getArenaBytes());
  std::vector<char> expected = execute(getProgram(*plain), inputs.samples[0][0]);
  for (int64_t slowdown : {2, 16}) {
    CAPTURE(slowdown);
    OwningOpRef<ModuleOp> module = plain->clone();
    FailureOr<std::vector<SpilledBuffer>> buffers = spillBuffers(*module, arena - 256, {4096, slowdown});
    REQUIRE(succeeded(buffers));
    REQUIRE(buffers->size() == 1);
    CHECK(buffers->front().isCopied == (slowdown == 16));
    CHECK(execute(getProgram(*module), inputs.samples[0][0]) == expected);
  }
}
