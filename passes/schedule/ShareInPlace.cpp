// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lets kernels write over an input that nobody needs any more.
#include "codegen/kernels/KernelTable.h"
#include "dialects/mcu/McuLiveness.h"
#include "mlir/IR/Dominance.h"
#include "passes/schedule/Schedule.h"

namespace thimble::schedule {
#define GEN_PASS_DEF_SHAREINPLACE
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;

// Makes `replaced` a view of `kept`, which must stand first in the program.
static void shareMemory(mcu::BufferOp kept, mcu::BufferOp replaced) {
  if (replaced->isBeforeInBlock(kept))
    kept->moveBefore(replaced);
  OpBuilder builder(replaced);
  auto view = builder.create<mcu::ViewOp>(replaced.getLoc(), replaced.getMemory().getType(), kept.getMemory());
  replaced.getMemory().replaceAllUsesWith(view.getMemory());
  replaced.erase();
}

static bool isTemporary(mcu::BufferOp buffer) { return buffer.getRole() == mcu::Role::Temporary; }

// Shares the output of `call` with one of its inputs if that is sound.
static bool shareOutput(mcu::ProgramOp program, mcu::CallOp call, int64_t position) {
  const kernels::Kernel *kernel = kernels::lookup(call.getKernel());
  if (!kernel || kernel->inPlace == 0)
    return false;
  mcu::BufferOp out = mcu::getBuffer(call.getOuts()[0]);
  std::vector<mcu::LiveRange> ranges = mcu::computeLiveRanges(program);
  auto rangeOf = [&](mcu::BufferOp buffer) {
    return *llvm::find_if(ranges, [&](const mcu::LiveRange &range) { return range.buffer == buffer; });
  };
  // Only the first call that writes the output may take over memory: later ones find data in it.
  if (rangeOf(out).first != position)
    return false;
  for (unsigned i = 0; i < call.getIns().size() && i < 32; ++i) {
    mcu::BufferOp in = mcu::getBuffer(call.getIns()[i]);
    if (!(kernel->inPlace >> i & 1) || !in || in == out || mcu::byteSize(in.getMemory()) != mcu::byteSize(out.getMemory()))
      continue;
    if (in.getRole() == mcu::Role::Output || rangeOf(in).last != position)
      continue;
    if (isTemporary(out))
      shareMemory(in, out);
    else if (isTemporary(in))
      shareMemory(out, in);
    else
      continue; // an input of the model that would also be its output: the caller expects two places
    return true;
  }
  return false;
}

namespace {
struct ShareInPlace : thimble::schedule::impl::ShareInPlaceBase<ShareInPlace> {
  void runOnOperation() override {
    mcu::ProgramOp program = getOperation();
    bool changed = false;
    for (auto [position, call] : llvm::enumerate(mcu::getCalls(program)))
      changed |= shareOutput(program, call, int64_t(position));
    if (!changed)
      markAllAnalysesPreserved();
  }
};
} // namespace
