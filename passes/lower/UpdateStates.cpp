// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-lower-update-states: whoever reads a state comes before whoever writes it, or the new state waits in a copy.
#include "codegen/kernels/KernelTable.h"
#include "dialects/mcu/McuLiveness.h"
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
    llvm::DenseMap<Operation *, llvm::SmallVector<size_t>> writers, readers;
    for (size_t i = 0; i < calls.size(); ++i) {
      for (Value in : calls[i].getIns())
        if (mcu::BufferOp buffer = mcu::getBuffer(in)) {
          for (size_t writer : writers[buffer])
            add(writer, i);
          readers[buffer].push_back(i);
        }
      for (Value out : calls[i].getOuts())
        if (mcu::BufferOp buffer = mcu::getBuffer(out)) {
          for (size_t other : writers[buffer])
            add(other, i);
          for (size_t other : readers[buffer])
            add(other, i);
          writers[buffer].push_back(i);
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
      if (mcu::getBuffer(written) == next && mcu::getBuffer(read) == state &&
          (mcu::byteSize(read) != mcu::byteSize(written) ||
           !kernels::mayOverwrite(*kernel, unsigned(out), unsigned(in))))
        return false;
  return true;
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
    CallGraph graph(program);
    std::vector<mcu::BufferOp> copied;
    for (mcu::BufferOp state : buffers)
      for (mcu::BufferOp next : buffers)
        if (state.getRole() == mcu::Role::State && mcu::isStatePair(state, next) && !updateInPlace(graph, state, next))
          copied.push_back(next);
    graph.sort(block);
    for (mcu::BufferOp next : copied)
      copyAtEnd(next, block);
  }

private:
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
    auto waiting = builder.create<mcu::BufferOp>(next.getLoc(), type, next.getName(), mcu::Role::Temporary, 0, mcu::IoAttr(), IntegerAttr());
    next.getMemory().replaceAllUsesWith(waiting.getMemory());
    builder.setInsertionPointToEnd(&block);
    NamedAttribute count = builder.getNamedAttr("count", builder.getI32IntegerAttr(int32_t(mcu::byteSize(next.getMemory()))));
    builder.create<mcu::CallOp>(next.getLoc(), "tmb_copy_bytes", ValueRange{waiting.getMemory()}, ValueRange{next.getMemory()}, Value(),
                                "tmb_count_params", builder.getDictionaryAttr(count), 0, IntegerAttr());
  }
};

} // namespace
