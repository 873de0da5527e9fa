// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chooses buffers by traffic, and plans both arenas.
#include "passes/schedule/SpillBuffers.h"
#include "dialects/mcu/McuLiveness.h"
#include "mlir/IR/Builders.h"
#include "mlir/Pass/PassManager.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr int64_t quickWork = 10'000'000;

namespace {
class Spilling {
public:
  Spilling(mcu::ProgramOp program, int64_t budget) : program(program), budget(budget) {
    for (mcu::LiveRange &range : mcu::computeLiveRanges(program))
      if (!mcu::isFed(range.buffer) && !range.isEmpty())
        ranges.push_back(range);
    for (const mcu::LiveRange &range : ranges)
      traffic.push_back(getTraffic(range.buffer));
  }

  bool choose();
  std::vector<SpilledBuffer> getSpilled() const;

private:
  int64_t getTraffic(mcu::BufferOp buffer) const;
  int64_t getHeight() const { return place(makeArenaProblem(program).problem, quickWork).height; }
  bool spillOne(int64_t aim);
  static void mark(mcu::BufferOp buffer, bool isSpilled) {
    if (isSpilled)
      buffer->setAttr(mcu::spilledName, UnitAttr::get(buffer.getContext()));
    else
      buffer->removeAttr(mcu::spilledName);
  }

  mcu::ProgramOp program;
  int64_t budget;
  std::vector<mcu::LiveRange> ranges;
  std::vector<int64_t> traffic;
};
} // namespace

// Each call reads its inputs and writes its outputs once, more or less: kernels keep windows in scratch.
int64_t Spilling::getTraffic(mcu::BufferOp buffer) const {
  int64_t bytes = 0;
  for (mcu::CallOp call : mcu::getCalls(program))
    for (Value operand : call->getOperands())
      if (mcu::getBuffer(operand) == buffer)
        bytes += mcu::byteSize(operand);
  return bytes;
}

// Of the buffers that are live where most bytes are, the one that costs least for what it saves.
bool Spilling::spillOne(int64_t aim) {
  int64_t steps = int64_t(mcu::getCalls(program).size()), fullest = -1, most = -1;
  for (int64_t step = -1; step <= steps; ++step) {
    int64_t bytes = 0;
    for (const mcu::LiveRange &range : ranges)
      if (range.contains(step) && mcu::isInArena(range.buffer) && !mcu::isSpilled(range.buffer))
        bytes += mcu::byteSize(mcu::BufferOp(range.buffer).getMemory());
    if (bytes > most) {
      most = bytes;
      fullest = step;
    }
  }
  int64_t missing = std::max<int64_t>(most - aim, 1);
  std::optional<size_t> best;
  double bestCost = 0;
  for (auto [index, range] : llvm::enumerate(ranges)) {
    mcu::BufferOp buffer = range.buffer;
    if (buffer.getRole() != mcu::Role::Temporary || mcu::isSpilled(buffer) || !range.contains(fullest))
      continue;
    double cost = double(traffic[index]) / double(std::min(mcu::byteSize(buffer.getMemory()), missing));
    if (!best || cost < bestCost) {
      best = index;
      bestCost = cost;
    }
  }
  if (best)
    mark(ranges[*best].buffer, true);
  return best.has_value();
}

bool Spilling::choose() {
  // The bound of a set of buffers is quickly known, its plan is not.
  while (true) {
    int64_t bound = lowerBound(makeArenaProblem(program).problem);
    int64_t height = bound > budget ? bound : getHeight();
    if (height <= budget)
      break;
    if (!spillOne(budget))
      return false;
  }
  std::vector<size_t> order;
  for (size_t index = 0; index < ranges.size(); ++index)
    if (mcu::isSpilled(ranges[index].buffer))
      order.push_back(index);
  llvm::sort(order, [&](size_t a, size_t b) { return traffic[a] != traffic[b] ? traffic[a] > traffic[b] : a < b; });
  for (size_t index : order) {
    mark(ranges[index].buffer, false);
    if (lowerBound(makeArenaProblem(program).problem) > budget || getHeight() > budget)
      mark(ranges[index].buffer, true);
  }
  return true;
}

std::vector<SpilledBuffer> Spilling::getSpilled() const {
  std::vector<SpilledBuffer> spilled;
  for (auto [index, range] : llvm::enumerate(ranges))
    if (mcu::BufferOp buffer = range.buffer; mcu::isSpilled(buffer))
      spilled.push_back({buffer.getName().str(), mcu::byteSize(buffer.getMemory()), traffic[index]});
  return spilled;
}

FailureOr<std::vector<SpilledBuffer>> thimble::schedule::spillBuffers(ModuleOp module, int64_t budget, int64_t externalBudget) {
  OwningOpRef<ModuleOp> candidate = module.clone();
  mcu::ProgramOp program = *candidate->getOps<mcu::ProgramOp>().begin();
  shrinkScratch(program);
  Spilling spilling(program, budget);
  if (!spilling.choose())
    return std::vector<SpilledBuffer>();
  std::vector<SpilledBuffer> spilled = spilling.getSpilled();
  // What was planned and proven holds for one arena.
  program.removeArenaBytesAttr();
  program.removeLowerBoundAttr();
  PassManager manager(module.getContext());
  manager.nest<mcu::ProgramOp>().addPass(createGrowScratch());
  manager.nest<mcu::ProgramOp>().addPass(createPlanArena());
  manager.nest<mcu::ProgramOp>().addPass(createVerifyPlan());
  if (failed(manager.run(*candidate)))
    return failure();
  if (int64_t(*program.getArenaBytes()) > budget || mcu::getExternalArenaBytes(program) > externalBudget)
    return std::vector<SpilledBuffer>();
  (*module.getOps<mcu::ProgramOp>().begin()).erase();
  program->remove();
  module.push_back(program);
  return spilled;
}
