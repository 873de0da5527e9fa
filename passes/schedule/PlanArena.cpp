// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gives each buffer its offset in the arena.
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/Placement.h"
#include "passes/schedule/Schedule.h"

namespace thimble::schedule {
#define GEN_PASS_DEF_PLANARENA
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;

// Kernels read int8 data in words of four bytes; wider elements need their own size.
static int64_t alignmentOf(mcu::BufferOp buffer) {
  if (buffer.getRole() == mcu::Role::Scratch)
    return 8;
  return std::max<int64_t>(4, elementBytes(cast<MemRefType>(buffer.getMemory().getType()).getElementType()));
}

namespace {
struct PlanArena : thimble::schedule::impl::PlanArenaBase<PlanArena> {
  using PlanArenaBase::PlanArenaBase;

  void runOnOperation() override {
    mcu::ProgramOp program = getOperation();
    std::vector<Item> items;
    std::vector<mcu::BufferOp> buffers;
    for (mcu::LiveRange range : mcu::computeLiveRanges(program)) {
      if (range.isEmpty()) {
        // Nothing touches it; views may still name it, and then any place will do.
        if (range.buffer.getMemory().use_empty())
          range.buffer.erase();
        else
          range.buffer.setOffset(0);
        continue;
      }
      int64_t bytes = mcu::byteSize(range.buffer.getMemory());
      items.push_back({range.first, range.last, std::max<int64_t>(bytes, 1), alignmentOf(range.buffer)});
      buffers.push_back(range.buffer);
    }
    Placement placement = place(items, attempts);
    for (auto [buffer, offset] : llvm::zip(buffers, placement.offsets))
      buffer.setOffset(uint64_t(offset));
    program.setArenaBytes(uint64_t(llvm::alignTo(uint64_t(placement.height), 4)));
    program.setLowerBound(uint64_t(lowerBound(items)));
  }
};
} // namespace
