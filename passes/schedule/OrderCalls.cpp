// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Orders the calls so that the peak of live bytes is least.
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/OrderSearch.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include <numeric>

namespace thimble::schedule {
#define GEN_PASS_DEF_ORDERCALLS
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

// The calls and buffers of a program as numbers.
static MemoryGraph makeGraph(mcu::ProgramOp program, llvm::ArrayRef<mcu::CallOp> calls) {
  MemoryGraph graph;
  llvm::DenseMap<Operation *, size_t> bufferIds;
  for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>()) {
    bufferIds[buffer] = graph.buffers.size();
    int64_t bytes = int64_t(llvm::alignTo(std::max<int64_t>(mcu::byteSize(buffer.getMemory()), 1), wordBytes));
    if (mcu::isFed(buffer))
      bytes = 0;
    graph.buffers.push_back({bytes, buffer.getRole() == mcu::Role::Input, buffer.getRole() == mcu::Role::Output});
  }
  std::vector<std::vector<size_t>> readers(graph.buffers.size());
  std::vector<std::optional<size_t>> lastWriter(graph.buffers.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    mcu::CallOp call = calls[i];
    MemoryGraph::Task task;
    auto follow = [&](std::optional<size_t> other) {
      if (other && *other != i && !llvm::is_contained(task.before, *other))
        task.before.push_back(*other);
    };
    auto idsOf = [&](ValueRange memory) {
      std::vector<size_t> ids;
      for (Value value : memory)
        if (mcu::BufferOp buffer = mcu::getBuffer(value))
          ids.push_back(bufferIds[buffer]);
      return ids;
    };
    for (size_t id : idsOf(call->getOperands()))
      if (!llvm::is_contained(task.touches, id))
        task.touches.push_back(id);
    for (size_t id : idsOf(call.getIns())) {
      follow(lastWriter[id]);
      readers[id].push_back(i);
    }
    for (size_t id : idsOf(call.getOuts())) {
      // Writers of one buffer keep their order, and do not overtake those who read what was there.
      follow(lastWriter[id]);
      for (size_t reader : readers[id])
        follow(reader);
      readers[id].clear();
      lastWriter[id] = i;
    }
    for (const Sharing &sharing : findSharing(call))
      task.shares.push_back({bufferIds[sharing.input], bufferIds[sharing.output], sharing.distance});
    graph.tasks.push_back(std::move(task));
  }
  return graph;
}

namespace {
constexpr int64_t quickWork = 10'000'000;
constexpr size_t maxOthers = 12;

struct OrderCalls : thimble::schedule::impl::OrderCallsBase<OrderCalls> {
  using OrderCallsBase::OrderCallsBase;

  void runOnOperation() override {
    std::vector<mcu::CallOp> calls = mcu::getCalls(getOperation());
    std::vector<size_t> given(calls.size());
    std::iota(given.begin(), given.end(), size_t(0));
    MemoryGraph graph = makeGraph(getOperation(), calls);
    OrderResult result = searchOrder(graph, given, stateLimit);
    getOperation().setLowerBound(uint64_t(result.bound));
    // Of several orders as good, one may be easier to place.
    int64_t height = place(makePlacementProblem(graph, result.order), quickWork).height;
    if (height > result.peak)
      for (const std::vector<size_t> &order : findOtherOrders(graph, result.peak, maxOthers)) {
        int64_t other = place(makePlacementProblem(graph, order), quickWork).height;
        if (other < height) {
          height = other;
          result.order = order;
        }
        if (height == result.peak)
          break;
      }
    Block &block = getOperation().getBody().front();
    if (result.order != given)
      for (size_t call : result.order)
        calls[call]->moveBefore(&block, block.end());
  }
};
} // namespace
