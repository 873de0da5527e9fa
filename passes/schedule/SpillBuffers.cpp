// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ways for buffers to leave the arena and their costs; what was chosen is written into the program.
#include "passes/schedule/SpillBuffers.h"
#include "dialects/mcu/McuLiveness.h"
#include "mlir/IR/Builders.h"
#include "mlir/Pass/PassManager.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include "passes/schedule/SpillSearch.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr int64_t stepScale = 4;   // of the time between two calls, in which copies run
static constexpr size_t maxGaps = 3;      // of a buffer, the longest ones
static constexpr int64_t copyCycles = 50; // of a call of tmb_copy_bytes, beside those for its bytes

namespace {
// Calls after and before which a buffer is copied; none if it leaves for all of its life.
struct Gap {
  int64_t after = -1, before = -1;
};

class Spilling {
public:
  Spilling(mcu::ProgramOp program, int64_t budget, ExternalRam external)
      : program(program), external(external), calls(mcu::getCalls(program)) {
    ArenaProblem arena = makeArenaProblem(program);
    buffers = arena.buffers;
    problem.inside = std::move(arena.problem);
    for (Item &item : problem.inside.items) {
      item.first *= stepScale;
      item.last *= stepScale;
      for (ItemPart &part : item.parts) {
        part.first *= stepScale;
        part.last *= stepScale;
      }
    }
    problem.budget = budget;
    problem.outsideBudget = external.bytes;
    for (size_t index = 0; index < buffers.size(); ++index)
      addWays(index);
  }

  bool choose() {
    std::optional<SpillChoice> found = searchSpills(problem);
    if (found)
      choice = std::move(*found);
    return found.has_value();
  }

  std::vector<SpilledBuffer> apply();

private:
  void addWays(size_t index);
  void copyAside(mcu::BufferOp buffer, Gap gap);
  static bool isWritten(mcu::BufferOp buffer, llvm::ArrayRef<mcu::CallOp> calls);

  mcu::ProgramOp program;
  ExternalRam external;
  std::vector<mcu::CallOp> calls;
  std::vector<mcu::BufferOp> buffers;
  SpillProblem problem;
  std::vector<std::vector<Gap>> gaps;   // of each way of each buffer
  std::vector<int64_t> traffic;         // of each buffer where calls use it directly
  SpillChoice choice;
};
} // namespace

// True if the calls have written all of it.
bool Spilling::isWritten(mcu::BufferOp buffer, llvm::ArrayRef<mcu::CallOp> calls) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (mcu::CallOp call : calls)
    for (Value out : call.getOuts())
      if (mcu::getBuffer(out) == buffer)
        ranges.push_back({mcu::byteOffset(out), mcu::byteOffset(out) + mcu::byteSize(out)});
  llvm::sort(ranges);
  int64_t end = 0;
  for (auto [begin, last] : ranges)
    if (begin <= end)
      end = std::max(end, last);
  return end >= mcu::byteSize(buffer.getMemory());
}

void Spilling::addWays(size_t index) {
  std::vector<SpillWay> &ways = problem.ways.emplace_back();
  std::vector<Gap> &list = gaps.emplace_back();
  mcu::BufferOp buffer = buffers[index];
  const Item &item = problem.inside.items[index];
  int64_t bytes = mcu::byteSize(buffer.getMemory());
  traffic.push_back(0);
  if (buffer.getRole() != mcu::Role::Temporary || mcu::isFed(buffer))
    return;
  // Each call reads its inputs and writes its outputs once, more or less: kernels keep windows in scratch.
  std::vector<int64_t> uses;
  for (auto [position, call] : llvm::enumerate(calls))
    for (Value operand : mcu::CallOp(call)->getOperands())
      if (mcu::getBuffer(operand) == buffer) {
        traffic.back() += mcu::byteSize(operand);
        if (uses.empty() || uses.back() != int64_t(position))
          uses.push_back(int64_t(position));
      }
  // Memory inside moves a word in a cycle.
  ways.push_back({std::max<int64_t>(traffic.back() * (external.slowdown - 1) / wordBytes, 1), item.first, item.last});
  list.push_back({});
  if (!item.parts.empty())
    return;
  std::vector<Gap> idle;
  for (size_t use = 0; use + 1 < uses.size(); ++use)
    if (uses[use + 1] - uses[use] > 1 && isWritten(buffer, llvm::ArrayRef(calls).take_front(size_t(uses[use]) + 1)))
      idle.push_back({uses[use], uses[use + 1]});
  llvm::sort(idle, [](const Gap &a, const Gap &b) {
    int64_t lengthA = a.before - a.after, lengthB = b.before - b.after;
    return lengthA != lengthB ? lengthA > lengthB : a.after < b.after;
  });
  if (idle.size() > maxGaps)
    idle.resize(maxGaps);
  for (Gap gap : idle) {
    int64_t cost = 2 * (bytes * (external.slowdown + 1) / wordBytes + copyCycles);
    ways.push_back({cost, gap.after * stepScale + 1, gap.before * stepScale - 1});
    list.push_back(gap);
  }
}

// The buffer is copied to external RAM after the last call before the gap, and to a new buffer before the first call behind it.
void Spilling::copyAside(mcu::BufferOp buffer, Gap gap) {
  auto type = cast<MemRefType>(buffer.getMemory().getType());
  OpBuilder builder(buffer);
  auto make = [&] {
    return builder.create<mcu::BufferOp>(buffer.getLoc(), type, buffer.getName(), mcu::Role::Temporary, buffer.getIndex(),
                                         mcu::IoAttr(), IntegerAttr());
  };
  mcu::BufferOp outside = make(), back = make();
  outside->setAttr(mcu::spilledName, builder.getUnitAttr());
  auto copy = [&](mcu::BufferOp from, mcu::BufferOp to) {
    auto params = builder.getDictionaryAttr(
        {builder.getNamedAttr("count", builder.getI32IntegerAttr(int32_t(mcu::byteSize(buffer.getMemory()))))});
    builder.create<mcu::CallOp>(buffer.getLoc(), "tmb_copy_bytes", ValueRange{from.getMemory()}, ValueRange{to.getMemory()},
                                Value(), "tmb_count_params", params, 0, IntegerAttr());
  };
  builder.setInsertionPointAfter(calls[size_t(gap.after)]);
  copy(buffer, outside);
  builder.setInsertionPoint(calls[size_t(gap.before)]);
  copy(outside, back);
  for (mcu::CallOp call : llvm::ArrayRef(calls).drop_front(size_t(gap.before)))
    for (OpOperand &operand : call->getOpOperands()) {
      Value memory = operand.get();
      if (mcu::getBuffer(memory) != buffer)
        continue;
      builder.setInsertionPoint(call);
      Value moved = back.getMemory();
      if (memory.getType() != type || mcu::byteOffset(memory) != 0)
        moved = builder.create<mcu::ViewOp>(call.getLoc(), memory.getType(), moved, uint64_t(mcu::byteOffset(memory)));
      operand.set(moved);
    }
}

std::vector<SpilledBuffer> Spilling::apply() {
  std::vector<SpilledBuffer> spilled;
  for (auto [index, way] : llvm::enumerate(choice.ways)) {
    if (way < 0)
      continue;
    mcu::BufferOp buffer = buffers[index];
    Gap gap = gaps[index][size_t(way)];
    int64_t bytes = mcu::byteSize(buffer.getMemory());
    bool isCopied = gap.after >= 0;
    spilled.push_back({buffer.getName().str(), bytes, isCopied ? 2 * bytes : traffic[index],
                       problem.ways[index][size_t(way)].cost, isCopied});
    if (isCopied)
      copyAside(buffer, gap);
    else
      buffer->setAttr(mcu::spilledName, UnitAttr::get(buffer.getContext()));
  }
  return spilled;
}

FailureOr<std::vector<SpilledBuffer>> thimble::schedule::spillBuffers(ModuleOp module, int64_t budget, ExternalRam external) {
  OwningOpRef<ModuleOp> candidate = module.clone();
  mcu::ProgramOp program = *candidate->getOps<mcu::ProgramOp>().begin();
  shrinkScratch(program);
  Spilling spilling(program, budget, external);
  if (!spilling.choose())
    return std::vector<SpilledBuffer>();
  std::vector<SpilledBuffer> spilled = spilling.apply();
  // What was planned and proven holds for one arena.
  program.removeArenaBytesAttr();
  program.removeLowerBoundAttr();
  PassManager manager(module.getContext());
  manager.nest<mcu::ProgramOp>().addPass(createGrowScratch());
  manager.nest<mcu::ProgramOp>().addPass(createPlanArena());
  manager.nest<mcu::ProgramOp>().addPass(createVerifyPlan());
  if (failed(manager.run(*candidate)))
    return failure();
  if (int64_t(*program.getArenaBytes()) > budget || mcu::getExternalArenaBytes(program) > external.bytes)
    return std::vector<SpilledBuffer>();
  (*module.getOps<mcu::ProgramOp>().begin()).erase();
  program->remove();
  module.push_back(program);
  return spilled;
}
