// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Proves that a plan is sound.
#include "codegen/kernels/KernelTable.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/Schedule.h"

namespace thimble::schedule {
#define GEN_PASS_DEF_VERIFYPLAN
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;

static bool bytesOverlap(mcu::BufferOp a, mcu::BufferOp b) {
  int64_t startA = int64_t(*a.getOffset()), startB = int64_t(*b.getOffset());
  return startA < startB + mcu::byteSize(b.getMemory()) && startB < startA + mcu::byteSize(a.getMemory());
}

static LogicalResult verifyPlaces(mcu::ProgramOp program, llvm::ArrayRef<mcu::LiveRange> ranges) {
  if (!program.getArenaBytes() || !program.getLowerBound())
    return program.emitOpError("has no plan: arena_bytes and lower_bound are missing");
  if (*program.getLowerBound() > *program.getArenaBytes())
    return program.emitOpError("claims a lower bound of ") << *program.getLowerBound() << " bytes above its arena of "
                                                           << *program.getArenaBytes();
  for (const mcu::LiveRange &range : ranges) {
    mcu::BufferOp buffer = range.buffer;
    if (!buffer.getOffset())
      return buffer.emitOpError("has no place in the arena");
    int64_t width = elementBytes(cast<MemRefType>(buffer.getMemory().getType()).getElementType());
    if (buffer.getRole() == mcu::Role::Scratch)
      width = 8; // kernels keep elements of any type in it
    if (int64_t(*buffer.getOffset()) % width != 0)
      return buffer.emitOpError("at offset ") << *buffer.getOffset() << " is not aligned to its elements of " << width << " bytes";
    // The program's own verifier has checked the end of the arena.
  }
  return success();
}

static LogicalResult verifyDisjoint(llvm::ArrayRef<mcu::LiveRange> ranges) {
  for (size_t i = 0; i < ranges.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (ranges[i].overlaps(ranges[j]) && bytesOverlap(ranges[i].buffer, ranges[j].buffer)) {
        InFlightDiagnostic error = mcu::BufferOp(ranges[i].buffer).emitOpError("overlaps another buffer that is live at the same time");
        error.attachNote(mcu::BufferOp(ranges[j].buffer).getLoc()) << "which is '" << mcu::BufferOp(ranges[j].buffer).getName() << "'";
        return error;
      }
  return success();
}

// Reads find data, and memory is shared within a call only as the kernel allows.
static LogicalResult verifyCalls(mcu::ProgramOp program) {
  llvm::DenseSet<Operation *> written;
  for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>())
    if (buffer.getRole() == mcu::Role::Input)
      written.insert(buffer);
  for (mcu::CallOp call : mcu::getCalls(program)) {
    const kernels::Kernel *kernel = kernels::lookup(call.getKernel());
    if (!kernel)
      return call.emitOpError("calls '") << call.getKernel() << "', which the runtime does not have";
    for (auto [i, in] : llvm::enumerate(call.getIns())) {
      mcu::BufferOp buffer = mcu::getBuffer(in);
      if (buffer && !written.contains(buffer))
        return call.emitOpError("reads '") << buffer.getName() << "' before anything was written to it";
      for (Value out : call.getOuts())
        if (buffer && mcu::getBuffer(out) == buffer && !(kernel->inPlace >> i & 1))
          return call.emitOpError("writes over its input ") << i << ", which " << kernel->name << " does not allow";
    }
    for (Value out : call.getOuts())
      written.insert(mcu::getBuffer(out));
  }
  for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>())
    if (buffer.getRole() == mcu::Role::Output && !written.contains(buffer) && mcu::byteSize(buffer.getMemory()) != 0)
      return buffer.emitOpError("is an output that nothing writes");
  return success();
}

namespace {
struct VerifyPlan : thimble::schedule::impl::VerifyPlanBase<VerifyPlan> {
  void runOnOperation() override {
    std::vector<mcu::LiveRange> ranges = mcu::computeLiveRanges(getOperation());
    if (failed(verifyPlaces(getOperation(), ranges)) || failed(verifyDisjoint(ranges)) || failed(verifyCalls(getOperation())))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
