// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Concatenations write their operands in place, and slices show the bytes of their source, where these lie in one piece.
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"
#include "dialects/mcu/McuMoves.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include <numeric>

namespace thimble::schedule {
#define GEN_PASS_DEF_SHARESLICES
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

// What lies in the state cannot become a part of the arena, nor the other way round.
static std::optional<mcu::Move> findArenaMove(mcu::CallOp call) {
  std::optional<mcu::Move> move = mcu::findMove(call);
  return move && mcu::isInArena(move->from) && mcu::isInArena(move->to) ? move : std::nullopt;
}

// Kernels may want their operands at such places as a buffer of their own would have.
static bool isAligned(mcu::BufferOp piece, mcu::BufferOp whole, int64_t begin) {
  return begin % alignmentOf(piece) == 0 && alignmentOf(whole) % alignmentOf(piece) == 0;
}

// The source of a move becomes a piece of its target, as an operand of a concatenation, or the target one of the source, as a slice. The
// move is erased then. False if neither is possible.
static bool merge(mcu::ProgramOp program, mcu::CallOp call) {
  std::optional<mcu::Move> move = findArenaMove(call);
  if (!move)
    return false;
  // Nobody may change what is read as the other one.
  bool isAfter = false;
  for (mcu::CallOp other : mcu::getCalls(program)) {
    if (other == call) {
      isAfter = true;
      continue;
    }
    auto writes = [&](mcu::BufferOp buffer, int64_t begin) {
      return llvm::any_of(other->getOperands().drop_front(other.getIns().size()), [&](Value out) {
        int64_t at = mcu::byteOffset(out);
        return mcu::getBuffer(out) == buffer && at < begin + move->bytes && begin < at + mcu::byteSize(out);
      });
    };
    if (writes(move->to, move->toBegin) || (isAfter && writes(move->from, move->fromBegin)))
      return false;
  }
  auto canBecomePiece = [&](mcu::BufferOp piece, mcu::BufferOp whole, int64_t begin) {
    return piece.getRole() == mcu::Role::Temporary && move->bytes == mcu::byteSize(piece.getMemory()) && move->bytes > 0 &&
           isAligned(piece, whole, begin);
  };
  if (canBecomePiece(move->to, move->from, move->fromBegin)) {
    call.erase();
    replaceByView(move->to, move->from, move->fromBegin);
    return true;
  }
  if (canBecomePiece(move->from, move->to, move->toBegin)) {
    call.erase();
    replaceByView(move->from, move->to, move->toBegin);
    return true;
  }
  return false;
}

// Merges what it can, the calls numbered in `first` before the others. Returns the numbers of those that stay.
static std::vector<size_t> mergeAll(mcu::ProgramOp program, llvm::ArrayRef<size_t> first) {
  std::vector<mcu::CallOp> calls = mcu::getCalls(program);
  std::vector<size_t> order(first), left;
  for (size_t i = 0; i < calls.size(); ++i)
    if (!llvm::is_contained(first, i) && findArenaMove(calls[i]))
      order.push_back(i);
  for (size_t i : order)
    if (!merge(program, calls[i]))
      left.push_back(i);
  return left;
}

static bool canMerge(mcu::ProgramOp program, size_t call) {
  mcu::ProgramOp copy = program.clone();
  bool isMerged = merge(copy, mcu::getCalls(copy)[call]);
  copy.erase();
  return isMerged;
}

namespace {
struct ShareSlices : thimble::schedule::impl::ShareSlicesBase<ShareSlices> {
  using ShareSlicesBase::ShareSlicesBase;

  void runOnOperation() override {
    mcu::ProgramOp program = getOperation();
    program.removeLowerBoundAttr();
    bool isChanged = false;
    for (mcu::CallOp call : mcu::getCalls(program))
      if (std::optional<mcu::Move> move = findArenaMove(call)) {
        mcu::narrow(*move);
        isChanged = true;
      }
    if (!isChanged)
      return markAllAnalysesPreserved();

    // A buffer cannot be a piece of two others: what stays although it could be merged by itself is a choice.
    mcu::ProgramOp trial = program.clone();
    std::vector<size_t> choices = mergeAll(trial, {});
    Outcome best = look(trial);
    trial.erase();
    llvm::erase_if(choices, [&](size_t call) { return !canMerge(program, call); });
    if (choices.size() > maxChoices)
      choices.resize(maxChoices);
    std::vector<size_t> bestFirst;
    int64_t bound = best.bound;
    for (size_t mask = 1; mask < size_t(1) << choices.size(); ++mask) {
      std::vector<size_t> first;
      for (auto [i, call] : llvm::enumerate(choices))
        if (mask >> i & 1)
          first.push_back(call);
      mcu::ProgramOp other = program.clone();
      mergeAll(other, first);
      Outcome outcome = look(other);
      other.erase();
      bound = std::min(bound, outcome.bound);
      if (outcome.height < best.height) {
        best = outcome;
        bestFirst = first;
      }
    }
    // In any order, merging leaves no more bytes alive at any time: this bound holds without it, too. But pieces cannot move apart.
    if (best.height > bound && look(program).height < best.height)
      program.setLowerBound(uint64_t(bound));
    else
      mergeAll(program, bestFirst);
    if (!choices.empty())
      program.setLowerBound(uint64_t(bound));
  }

private:
  struct Outcome {
    int64_t height, bound;
  };
  // What a plan would need, at least and roughly.
  Outcome look(mcu::ProgramOp program) const {
    MemoryGraph graph = makeGraph(program);
    std::vector<size_t> given(graph.tasks.size());
    std::iota(given.begin(), given.end(), size_t(0));
    OrderResult order = searchOrder(graph, given, stateLimit);
    return {place(makePlacementProblem(graph, order.order), quickWork).height, order.bound};
  }
  static constexpr int64_t quickWork = 1'000'000;
  static constexpr size_t maxChoices = 4;
};
} // namespace
