// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Passes of the scheduling phase: the order of calls, shared memory, and places in the arena.
#ifndef THIMBLE_SCHEDULE_PASSES
#define THIMBLE_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def ShareInPlace : Pass<"thimble-schedule-share-in-place", "::thimble::mcu::ProgramOp"> {
  let summary = "Let kernels write over an input that nobody needs any more";
  let description = [{
    Where the kernel allows it, both buffers have the same size and the input is not read after the call, the output buffer becomes
    an `mcu.view` of the input's (or the other way round if the output is the model's).
  }];
}

def OrderCalls : Pass<"thimble-schedule-order-calls", "::thimble::mcu::ProgramOp"> {
  let summary = "Order the calls so that the peak of live bytes is small";
  let description = [{
    A best-first search over sets of executed calls, ordered by the peak so far, is exact: the first complete order that it takes
    from its queue has the least peak of all orders. Beyond `state-limit` states it gives up and the better of the given order and a
    greedy one (always the call that leaves the fewest live bytes) is taken.
  }];
  let options = [Option<"stateLimit", "state-limit", "int64_t", "20000", "Sets of calls that the search may visit">];
}

def PlanArena : Pass<"thimble-schedule-plan-arena", "::thimble::mcu::ProgramOp"> {
  let summary = "Give each buffer its offset in the arena";
  let description = [{
    Buffers that are live at the same time must not overlap. The lower bound is the largest sum of aligned sizes of buffers that are
    live during one call; a plan of that height is optimal for the given order. First-fit is tried in several orders and improved by
    moving buffers that stick out to the front, until the bound is met or `attempts` are used up.
  }];
  let options = [Option<"attempts", "attempts", "int64_t", "2000", "Placements to try">];
}

def VerifyPlan : Pass<"thimble-verify-plan", "::thimble::mcu::ProgramOp"> {
  let summary = "Prove that a plan is sound";
  let description = [{
    Every buffer has an aligned place inside the arena; buffers that are live at the same time do not overlap; every buffer that is
    read was written before; a kernel's output shares memory with an input only where the kernel allows it.
  }];
}

#endif
