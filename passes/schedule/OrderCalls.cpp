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

namespace {
constexpr int64_t quickWork = 10'000'000;
constexpr size_t maxOthers = 12;

struct OrderCalls : thimble::schedule::impl::OrderCallsBase<OrderCalls> {
  using OrderCallsBase::OrderCallsBase;

  void runOnOperation() override {
    std::vector<mcu::CallOp> calls = mcu::getCalls(getOperation());
    std::vector<size_t> given(calls.size());
    std::iota(given.begin(), given.end(), size_t(0));
    MemoryGraph graph = makeGraph(getOperation());
    OrderResult result = searchOrder(graph, given, stateLimit);
    // A bound that is known already holds for other choices of what shares memory, too.
    uint64_t bound = uint64_t(result.bound);
    getOperation().setLowerBound(std::min(bound, getOperation().getLowerBound().value_or(bound)));
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
