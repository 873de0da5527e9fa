// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gives each buffer its offset in the arena.
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/Placement.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"

namespace thimble::schedule {
#define GEN_PASS_DEF_PLANARENA
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

// States are always alive: they lie one after the other, those of wide elements first.
void thimble::schedule::planState(mcu::ProgramOp program) {
  llvm::SmallVector<mcu::BufferOp> states;
  for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>())
    if (buffer.getRole() == mcu::Role::State)
      states.push_back(buffer);
  if (states.empty())
    return;
  llvm::sort(states, [](mcu::BufferOp a, mcu::BufferOp b) {
    return alignmentOf(a) != alignmentOf(b) ? alignmentOf(a) > alignmentOf(b) : a.getIndex() < b.getIndex();
  });
  int64_t end = 0;
  for (mcu::BufferOp state : states) {
    end = int64_t(llvm::alignTo(uint64_t(end), uint64_t(alignmentOf(state))));
    for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>())
      if (mcu::isState(buffer) && buffer.getIndex() == state.getIndex())
        buffer.setOffset(uint64_t(end));
    end += mcu::byteSize(state.getMemory());
  }
  program.setStateBytes(llvm::alignTo(uint64_t(end), wordBytes) + uint64_t(mcu::stateFormatBytes));
}

namespace {
struct PlanArena : thimble::schedule::impl::PlanArenaBase<PlanArena> {
  using PlanArenaBase::PlanArenaBase;

  void runOnOperation() override {
    mcu::ProgramOp program = getOperation();
    // What nothing touches needs no memory; views may still name it, and then any place will do.
    for (mcu::LiveRange range : mcu::computeLiveRanges(program)) {
      if (!range.isEmpty() || !mcu::isInArena(range.buffer))
        continue;
      if (range.buffer.getMemory().use_empty())
        range.buffer.erase();
      else
        range.buffer.setOffset(0);
    }
    auto [height, bound] = placeBuffers(/*isSpilled=*/false);
    planState(getOperation());
    program.setArenaBytes(height);
    // What ordering has proven holds for all orders; without it, what holds for this one is proven here.
    if (!program.getLowerBound())
      program.setLowerBound(bound);
    auto isSpilled = [](mcu::BufferOp buffer) { return mcu::isSpilled(buffer); };
    if (llvm::none_of(program.getBody().front().getOps<mcu::BufferOp>(), isSpilled))
      return;
    std::tie(height, bound) = placeBuffers(/*isSpilled=*/true);
    Builder builder(program.getContext());
    program->setAttr(mcu::externalArenaName, builder.getI64IntegerAttr(int64_t(height)));
    program->setAttr(mcu::externalBoundName, builder.getI64IntegerAttr(int64_t(bound)));
  }

private:
  // The size of one of both arenas, and its lower bound.
  std::pair<uint64_t, uint64_t> placeBuffers(bool isSpilled) {
    auto [problem, buffers] = makeArenaProblem(getOperation(), isSpilled);
    Placement placement = place(problem, work);
    for (auto [buffer, offset] : llvm::zip(buffers, placement.offsets))
      buffer.setOffset(uint64_t(offset));
    return {llvm::alignTo(uint64_t(placement.height), wordBytes), uint64_t(lowerBound(problem))};
  }
};
} // namespace
