// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lets kernels write over an input that nobody needs any more.
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"

namespace thimble::schedule {
#define GEN_PASS_DEF_SHAREINPLACE
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static bool isTemporary(mcu::BufferOp buffer) { return buffer.getRole() == mcu::Role::Temporary; }

// Shares the output of `call` with one of its inputs if that is sound, and if both beside each other and what else is alive take more
// than `roomy` bytes.
static bool shareOutput(mcu::ProgramOp program, mcu::CallOp call, int64_t position, int64_t roomy) {
  std::vector<Sharing> sharings = findSharing(call);
  llvm::erase_if(sharings, [](const Sharing &sharing) { return !sharing.isExact; });
  if (sharings.empty())
    return false;
  mcu::BufferParts parts(program);
  int64_t live = 0;
  for (const mcu::BufferPart &part : parts.all())
    if (part.range.contains(position) && mcu::isInArena(part.range.buffer))
      live += part.end - part.begin + wordBytes;
  if (live <= roomy)
    return false;
  for (const Sharing &sharing : sharings) {
    // Only the first call that writes the output may take over memory: later ones find data in it.
    if (llvm::any_of(parts.of(sharing.output), [&](const mcu::BufferPart &part) { return part.range.first != position; }) ||
        llvm::any_of(parts.of(sharing.input), [&](const mcu::BufferPart &part) { return part.range.last != position; }))
      continue;
    // One of both must be free to become a piece of the other.
    mcu::BufferOp input = mcu::getBuffer(sharing.input), output = mcu::getBuffer(sharing.output);
    if (isTemporary(output) && isWhole(sharing.output))
      replaceByView(output, input, mcu::byteOffset(sharing.input));
    else if (isTemporary(input) && isWhole(sharing.input))
      replaceByView(input, output, mcu::byteOffset(sharing.output));
    else
      continue;
    return true;
  }
  return false;
}

static bool shareAll(mcu::ProgramOp program, int64_t roomy) {
  bool changed = false;
  for (auto [position, call] : llvm::enumerate(mcu::getCalls(program)))
    changed |= shareOutput(program, call, int64_t(position), roomy);
  return changed;
}

namespace {
struct ShareInPlace : thimble::schedule::impl::ShareInPlaceBase<ShareInPlace> {
  void runOnOperation() override {
    mcu::ProgramOp program = getOperation();
    // Buffers at one place cannot move apart. Where all of them together cannot be placed at the bound, it may help to share only
    // where the bound asks for it.
    int64_t roomy = 0;
    if (std::optional<uint64_t> bound = program.getLowerBound()) {
      int64_t always = tryHeight(program, 0), least = int64_t(*bound);
      if (always > least && tryHeight(program, least) < always)
        roomy = least;
    }
    if (!shareAll(program, roomy))
      markAllAnalysesPreserved();
  }

private:
  // Bytes of the arena if it were planned so.
  static int64_t tryHeight(mcu::ProgramOp program, int64_t roomy) {
    mcu::ProgramOp copy = program.clone();
    shareAll(copy, roomy);
    int64_t height = place(makeArenaProblem(copy).problem, quickWork).height;
    copy.erase();
    return height;
  }
  static constexpr int64_t quickWork = 10'000'000;
};
} // namespace
