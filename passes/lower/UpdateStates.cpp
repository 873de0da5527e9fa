// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-lower-update-states: whoever reads a state comes before whoever writes it, or the new state waits in a copy. Windows
// that move on do so in their own memory, and what comes new is written there at once.
#include "codegen/kernels/KernelTable.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"
#include "dialects/mcu/McuMoves.h"
#include "passes/lower/Lower.h"
#include "llvm/ADT/SetVector.h"
#include <queue>

namespace thimble::lower {
#define GEN_PASS_DEF_UPDATESTATES
#include "passes/lower/Passes.h.inc"
} // namespace thimble::lower

using namespace mlir;
using namespace thimble;

namespace {

/// Which call must come before which.
class CallGraph {
public:
  explicit CallGraph(mcu::ProgramOp program) : calls(mcu::getCalls(program)), after(calls.size()) {
    // By buffer: who, and the bytes.
    using Uses = llvm::SmallVector<std::pair<size_t, Value>>;
    llvm::DenseMap<Operation *, Uses> writers, readers;
    auto addAll = [&](const Uses &uses, size_t call, Value memory) {
      for (auto [other, bytes] : uses)
        if (mcu::byteOffset(bytes) < mcu::byteOffset(memory) + mcu::byteSize(memory) &&
            mcu::byteOffset(memory) < mcu::byteOffset(bytes) + mcu::byteSize(bytes))
          add(other, call);
    };
    for (size_t i = 0; i < calls.size(); ++i) {
      for (Value in : calls[i].getIns())
        if (mcu::BufferOp buffer = mcu::getBuffer(in)) {
          addAll(writers[buffer], i, in);
          readers[buffer].push_back({i, in});
        }
      for (Value out : calls[i].getOuts())
        if (mcu::BufferOp buffer = mcu::getBuffer(out)) {
          addAll(writers[buffer], i, out);
          addAll(readers[buffer], i, out);
          writers[buffer].push_back({i, out});
        }
    }
  }

  void add(size_t before, size_t call) {
    if (before != call)
      after[before].insert(call);
  }

  /// Whether one of `from` must come before one of `to`.
  bool reaches(llvm::ArrayRef<size_t> from, llvm::ArrayRef<size_t> to) const {
    std::vector<char> isReached(calls.size(), false);
    llvm::SmallVector<size_t> pending(from);
    while (!pending.empty()) {
      for (size_t next : after[pending.pop_back_val()])
        if (!isReached[next]) {
          isReached[next] = true;
          pending.push_back(next);
        }
    }
    return llvm::any_of(to, [&](size_t call) { return isReached[call]; });
  }

  /// Moves the calls into an order that is as near to theirs as possible.
  void sort(Block &block) {
    std::vector<size_t> waitsFor(calls.size(), 0);
    for (const auto &list : after)
      for (size_t call : list)
        ++waitsFor[call];
    std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
    for (size_t call = 0; call < calls.size(); ++call)
      if (waitsFor[call] == 0)
        ready.push(call);
    while (!ready.empty()) {
      size_t call = ready.top();
      ready.pop();
      calls[call]->moveBefore(&block, block.end());
      for (size_t next : after[call])
        if (--waitsFor[next] == 0)
          ready.push(next);
    }
  }

  std::vector<mcu::CallOp> calls;

private:
  std::vector<llvm::SetVector<size_t>> after;
};

bool touches(ValueRange memory, mcu::BufferOp buffer) {
  return llvm::any_of(memory, [&](Value value) { return mcu::getBuffer(value) == buffer; });
}

// Whether a call that reads a state may write the next one over it.
bool mayUpdate(mcu::CallOp call, mcu::BufferOp state, mcu::BufferOp next) {
  const kernels::Kernel *kernel = kernels::lookup(call.getKernel());
  if (!kernel)
    return false;
  for (auto [out, written] : llvm::enumerate(call.getOuts()))
    for (auto [in, read] : llvm::enumerate(call.getIns()))
      if (mcu::getBuffer(written) == next && mcu::getBuffer(read) == state) {
        bool isSame = mcu::byteSize(read) == mcu::byteSize(written) && mcu::byteOffset(read) == mcu::byteOffset(written);
        bool isBefore = out == 0 && in == 0 && call.getOverlap() &&
                        mcu::byteOffset(written) + int64_t(*call.getOverlap()) <= mcu::byteOffset(read);
        if (!isBefore && !(isSame && kernels::mayOverwrite(*kernel, unsigned(out), unsigned(in))))
          return false;
      }
  return true;
}

bool isWhole(const mcu::Move &move, mcu::BufferOp buffer) { return move.bytes == mcu::byteSize(buffer.getMemory()); }

// The calls that have `buffer` as one of their operands.
std::vector<mcu::CallOp> usersOf(const CallGraph &graph, mcu::BufferOp buffer) {
  std::vector<mcu::CallOp> users;
  for (mcu::CallOp call : graph.calls)
    if (touches(call->getOperands(), buffer))
      users.push_back(call);
  return users;
}

// A part of a state that waits in a buffer to become an earlier part of the next one moves at once: a window that loses its first rows.
bool moveDown(mcu::ProgramOp program) {
  CallGraph graph(program);
  for (mcu::CallOp call : graph.calls) {
    std::optional<mcu::Move> first = mcu::findMove(call);
    if (!first || first->from.getRole() != mcu::Role::State || first->to.getRole() != mcu::Role::Temporary ||
        !isWhole(*first, first->to))
      continue;
    std::vector<mcu::CallOp> users = usersOf(graph, first->to);
    std::optional<mcu::Move> second = users.size() == 2 ? mcu::findMove(users[1]) : std::nullopt;
    if (!second || users[0] != call || second->from != first->to || !isWhole(*second, first->to) ||
        !mcu::isStatePair(first->from, second->to) || second->toBegin >= first->fromBegin)
      continue;
    mcu::narrow(*first);
    mcu::narrow(*second);
    OpBuilder builder(second->call);
    NamedAttribute count = builder.getNamedAttr("count", builder.getI32IntegerAttr(int32_t(first->bytes)));
    builder.create<mcu::CallOp>(second->call.getLoc(), "tmb_move_down", call.getIns(), second->call.getOuts(), Value(),
                                "tmb_count_params", builder.getDictionaryAttr(count), 0, builder.getI64IntegerAttr(1));
    second->call.erase();
    call.erase();
    return true;
  }
  return false;
}

// Kernels read int8 data in words, and wider elements at multiples of their size.
bool isAligned(mcu::BufferOp piece, int64_t begin) {
  return begin % std::max<int64_t>(4, elementBytes(cast<MemRefType>(piece.getMemory().getType()).getElementType())) == 0;
}

struct UpdateStates : thimble::lower::impl::UpdateStatesBase<UpdateStates> {
  void runOnOperation() override {
    mcu::ProgramOp program = getOperation();
    Block &block = program.getBody().front();
    std::vector<mcu::BufferOp> buffers;
    for (mcu::BufferOp buffer : block.getOps<mcu::BufferOp>())
      if (mcu::isState(buffer))
        buffers.push_back(buffer);
    if (buffers.empty())
      return markAllAnalysesPreserved();
    for (mcu::CallOp call : mcu::getCalls(program))
      if (std::optional<mcu::Move> move = mcu::findMove(call); move && (mcu::isState(move->from) || mcu::isState(move->to)))
        mcu::narrow(*move);
    while (moveDown(program))
      ;
    std::vector<mcu::BufferOp> copied;
    while (showInState(program, order(program, buffers, copied), copied))
      ;
    order(program, buffers, copied).sort(block);
    for (mcu::BufferOp next : copied)
      copyAtEnd(next, block);
  }

private:
  // The calls, whoever reads a state before those who write it; the states for which this cannot be are `copied`.
  static CallGraph order(mcu::ProgramOp program, llvm::ArrayRef<mcu::BufferOp> buffers, std::vector<mcu::BufferOp> &copied) {
    CallGraph graph(program);
    copied.clear();
    for (mcu::BufferOp state : buffers)
      for (mcu::BufferOp next : buffers)
        if (state.getRole() == mcu::Role::State && mcu::isStatePair(state, next) && !updateInPlace(graph, state, next))
          copied.push_back(next);
    return graph;
  }

  // A buffer of the arena that only becomes a part of a next state, or shows one, becomes that part.
  static bool showInState(mcu::ProgramOp program, const CallGraph &graph, llvm::ArrayRef<mcu::BufferOp> copied) {
    for (mcu::CallOp call : graph.calls) {
      std::optional<mcu::Move> move = mcu::findMove(call);
      if (!move)
        continue;
      bool enters = move->to.getRole() == mcu::Role::NextState, leaves = move->from.getRole() == mcu::Role::NextState;
      mcu::BufferOp next = enters ? move->to : move->from, piece = enters ? move->from : move->to;
      int64_t begin = enters ? move->toBegin : move->fromBegin;
      if ((!enters && !leaves) || piece.getRole() != mcu::Role::Temporary || !isWhole(*move, piece) || move->bytes == 0 ||
          !isAligned(piece, begin) || llvm::is_contained(copied, next) || (enters && !mayWriteEarly(graph, *move)))
        continue;
      OpBuilder builder(program.getContext());
      if (piece->isBeforeInBlock(next))
        next->moveBefore(piece);
      builder.setInsertionPoint(piece);
      auto view = builder.create<mcu::ViewOp>(piece.getLoc(), piece.getMemory().getType(), next.getMemory(), uint64_t(begin));
      call.erase();
      piece.getMemory().replaceAllUsesWith(view.getMemory());
      piece.erase();
      return true;
    }
    return false;
  }

  // Whether those who write what `move` takes may do so in the next state: all who read the state come before, and nobody else writes
  // these bytes.
  static bool mayWriteEarly(const CallGraph &graph, const mcu::Move &move) {
    llvm::SmallVector<size_t> writers, readers;
    for (size_t index = 0; index < graph.calls.size(); ++index) {
      mcu::CallOp call = graph.calls[index];
      if (touches(call.getOuts(), move.from)) {
        if (llvm::any_of(call.getIns(), [&](Value in) { return mcu::isStatePair(mcu::getBuffer(in), move.to); }))
          return false;
        writers.push_back(index);
      }
      if (llvm::any_of(call.getIns(), [&](Value in) { return mcu::isStatePair(mcu::getBuffer(in), move.to); }))
        readers.push_back(index);
      for (Value out : call.getOuts())
        if (call != move.call && mcu::getBuffer(out) == move.to && mcu::byteOffset(out) < move.toBegin + move.bytes &&
            move.toBegin < mcu::byteOffset(out) + mcu::byteSize(out))
          return false;
    }
    return !writers.empty() && !graph.reaches(writers, readers);
  }

  static bool updateInPlace(CallGraph &graph, mcu::BufferOp state, mcu::BufferOp next) {
    llvm::SmallVector<size_t> readers, writers;
    for (auto [index, call] : llvm::enumerate(graph.calls)) {
      bool reads = touches(call.getIns(), state), writes = touches(call.getOuts(), next);
      if (reads && writes && !mayUpdate(call, state, next))
        return false;
      if (reads)
        readers.push_back(index);
      if (writes)
        writers.push_back(index);
    }
    // A call that does both is the first that writes, and the last that reads.
    if (graph.reaches(writers, readers))
      return false;
    for (size_t reader : readers)
      for (size_t writer : writers)
        graph.add(reader, writer);
    return true;
  }

  static void copyAtEnd(mcu::BufferOp next, Block &block) {
    OpBuilder builder(next);
    auto type = cast<MemRefType>(next.getMemory().getType());
    auto waiting = builder.create<mcu::BufferOp>(next.getLoc(), type, next.getName(), mcu::Role::Temporary, 0, mcu::IoAttr(),
                                                 IntegerAttr());
    next.getMemory().replaceAllUsesWith(waiting.getMemory());
    builder.setInsertionPointToEnd(&block);
    NamedAttribute count = builder.getNamedAttr("count", builder.getI32IntegerAttr(int32_t(mcu::byteSize(next.getMemory()))));
    builder.create<mcu::CallOp>(next.getLoc(), "tmb_copy_bytes", ValueRange{waiting.getMemory()}, ValueRange{next.getMemory()},
                                Value(), "tmb_count_params", builder.getDictionaryAttr(count), 0, IntegerAttr());
  }
};

} // namespace
