// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Proves that a plan is sound, by executing it on ranges of bytes.
#include "codegen/kernels/KernelTable.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include <map>

namespace thimble::schedule {
#define GEN_PASS_DEF_VERIFYPLAN
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;

namespace {

struct Range {
  int64_t begin, end;
  bool intersects(const Range &other) const { return begin < other.end && other.begin < end; }
};

Range rangeOf(mcu::BufferOp buffer) {
  int64_t begin = int64_t(*buffer.getOffset());
  return {begin, begin + mcu::byteSize(buffer.getMemory())};
}

// Which buffer's data each byte of the arena holds.
class Ownership {
public:
  void take(Range range, mcu::BufferOp owner) {
    if (range.begin >= range.end)
      return;
    split(range.begin);
    split(range.end);
    pieces.erase(pieces.lower_bound(range.begin), pieces.lower_bound(range.end));
    pieces[range.begin] = {range.end, owner};
  }
  /// The buffer that has taken bytes of `range` from `owner`; `owner` itself if it has them all; null if nobody wrote some.
  mcu::BufferOp findOther(Range range, mcu::BufferOp owner) {
    int64_t at = range.begin;
    while (at < range.end) {
      auto piece = pieces.upper_bound(at);
      if (piece == pieces.begin() || std::prev(piece)->second.end <= at)
        return {};
      --piece;
      if (piece->second.owner != owner)
        return piece->second.owner;
      at = piece->second.end;
    }
    return owner;
  }

private:
  struct Piece {
    int64_t end;
    mcu::BufferOp owner;
  };
  void split(int64_t at) {
    auto piece = pieces.lower_bound(at);
    if (piece == pieces.begin() || std::prev(piece)->second.end <= at)
      return;
    --piece;
    Piece rest = piece->second;
    piece->second.end = at;
    pieces[at] = rest;
  }
  std::map<int64_t, Piece> pieces; // by begin; disjoint
};

class Prover {
public:
  explicit Prover(mcu::ProgramOp program) : program(program) {}

  LogicalResult run() {
    if (failed(verifyPlaces()))
      return failure();
    for (mcu::BufferOp buffer : buffers())
      if (buffer.getRole() == mcu::Role::Input && !mcu::isFed(buffer))
        begin(buffer);
    for (mcu::BufferOp buffer : buffers())
      if (buffer.getRole() == mcu::Role::Input && !mcu::isFed(buffer) && failed(verifyHeld(buffer, buffer, "is an input of the model")))
        return failure();
    for (mcu::CallOp call : mcu::getCalls(program))
      if (failed(execute(call)))
        return failure();
    for (mcu::BufferOp buffer : buffers())
      if (buffer.getRole() == mcu::Role::Output && mcu::byteSize(buffer.getMemory()) != 0) {
        if (!begun.contains(buffer))
          return buffer.emitOpError("is an output that nothing writes");
        if (failed(verifyHeld(buffer, buffer, "is read by the caller at the end")))
          return failure();
      }
    return success();
  }

private:
  llvm::iterator_range<Block::op_iterator<mcu::BufferOp>> buffers() { return program.getBody().front().getOps<mcu::BufferOp>(); }

  void begin(mcu::BufferOp buffer) {
    begun.insert(buffer);
    bytes.take(rangeOf(buffer), buffer);
  }

  LogicalResult verifyPlaces() {
    if (!program.getArenaBytes() || !program.getLowerBound())
      return program.emitOpError("has no plan: arena_bytes and lower_bound are missing");
    if (*program.getLowerBound() > *program.getArenaBytes())
      return program.emitOpError("claims a lower bound of ") << *program.getLowerBound() << " bytes above its arena of "
                                                             << *program.getArenaBytes();
    for (mcu::BufferOp buffer : buffers()) {
      if (mcu::isFed(buffer))
        continue;
      if (!buffer.getOffset())
        return buffer.emitOpError("has no place in the arena");
      int64_t width = schedule::alignmentOf(buffer);
      if (int64_t(*buffer.getOffset()) % width != 0)
        return buffer.emitOpError("at offset ") << *buffer.getOffset() << " is not aligned to " << width << " bytes";
      // The program's own verifier has checked the end of the arena.
    }
    return success();
  }

  // `what` follows the buffer's name in the message at `user`.
  LogicalResult verifyHeld(Operation *user, mcu::BufferOp buffer, llvm::StringRef what) {
    mcu::BufferOp holder = bytes.findOther(rangeOf(buffer), buffer);
    if (holder == buffer)
      return success();
    InFlightDiagnostic error = user->emitOpError("'") << buffer.getName() << "' " << what << ", but ";
    if (!holder)
      return error << "some of its bytes were never written";
    error << "'" << holder.getName() << "' lies over it and was written since";
    error.attachNote(holder.getLoc()) << "'" << holder.getName() << "' is at offset " << *holder.getOffset() << ", '" << buffer.getName()
                                      << "' at " << *buffer.getOffset();
    return error;
  }

  LogicalResult execute(mcu::CallOp call) {
    const kernels::Kernel *kernel = kernels::lookup(call.getKernel());
    if (!kernel)
      return call.emitOpError("calls '") << call.getKernel() << "', which the runtime does not have";
    for (Value in : call.getIns())
      if (mcu::BufferOp buffer = mcu::getBuffer(in); buffer && !mcu::isFed(buffer)) {
        if (!begun.contains(buffer))
          return call.emitOpError("reads '") << buffer.getName() << "' before anything was written to it";
        if (failed(verifyHeld(call, buffer, "is read")))
          return failure();
      }
    for (Value out : call.getOuts())
      if (mcu::BufferOp buffer = mcu::getBuffer(out); buffer && begun.contains(buffer) && failed(verifyHeld(call, buffer, "is written further")))
        return failure();
    if (failed(verifyApart(call, kernel->inPlace)))
      return failure();
    if (mcu::BufferOp scratch = call.getScratch() ? mcu::getBuffer(call.getScratch()) : mcu::BufferOp())
      bytes.take(rangeOf(scratch), scratch);
    for (Value out : call.getOuts())
      if (mcu::BufferOp buffer = mcu::getBuffer(out))
        begin(buffer);
    return success();
  }

  // What a call writes lies apart from its other operands, but for what the kernel allows.
  LogicalResult verifyApart(mcu::CallOp call, unsigned inPlace) {
    llvm::SmallVector<Value> written(call.getOuts());
    if (call.getScratch())
      written.push_back(call.getScratch());
    for (auto [w, value] : llvm::enumerate(written)) {
      mcu::BufferOp out = mcu::getBuffer(value);
      if (!out)
        continue;
      for (size_t other = 0; other < w; ++other)
        if (mcu::BufferOp buffer = mcu::getBuffer(written[other]); buffer && rangeOf(buffer).intersects(rangeOf(out)))
          return call.emitOpError("writes '") << buffer.getName() << "' and '" << out.getName() << "', which overlap";
      for (auto [i, in] : llvm::enumerate(call.getIns())) {
        mcu::BufferOp buffer = mcu::getBuffer(in);
        if (!buffer || mcu::isFed(buffer) || !rangeOf(buffer).intersects(rangeOf(out)))
          continue;
        bool isInPlace = w == 0 && buffer == out && i < 32 && (inPlace >> i & 1);
        bool isOverlapped = w == 0 && i == 0 && buffer != out && call.getOverlap() &&
                            rangeOf(out).begin + int64_t(*call.getOverlap()) <= rangeOf(buffer).begin;
        if (!isInPlace && !isOverlapped)
          return call.emitOpError("writes over its input ") << i << ", '" << buffer.getName() << "', which " << call.getKernel()
                                                            << " does not allow there";
      }
    }
    return success();
  }

  mcu::ProgramOp program;
  Ownership bytes;
  llvm::DenseSet<Operation *> begun; // inputs, and buffers that some call has written to
};

struct VerifyPlan : thimble::schedule::impl::VerifyPlanBase<VerifyPlan> {
  void runOnOperation() override {
    if (failed(Prover(getOperation()).run()))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
