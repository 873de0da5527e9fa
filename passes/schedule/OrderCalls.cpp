// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Orders the calls so that the peak of live bytes is least.
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/JointSearch.h"
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
struct OrderCalls : thimble::schedule::impl::OrderCallsBase<OrderCalls> {
  using OrderCallsBase::OrderCallsBase;

  void runOnOperation() override {
    std::vector<mcu::CallOp> calls = mcu::getCalls(getOperation());
    std::vector<size_t> given(calls.size());
    std::iota(given.begin(), given.end(), size_t(0));
    MemoryGraph graph = makeGraph(getOperation());
    JointLimits limits;
    limits.states = stateLimit;
    JointResult result = searchJointly(graph, given, limits);
    // A bound that is known already holds for other choices of what shares memory, too.
    uint64_t bound = uint64_t(result.bound);
    getOperation().setLowerBound(std::min(bound, getOperation().getLowerBound().value_or(bound)));
    Block &block = getOperation().getBody().front();
    if (result.order != given)
      for (size_t call : result.order)
        calls[call]->moveBefore(&block, block.end());
  }
};
} // namespace
