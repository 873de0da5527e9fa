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

def ShareSlices : Pass<"thimble-schedule-share-slices", "::thimble::mcu::ProgramOp"> {
  let summary = "Write concatenations in place, and read slices where they are";
  let description = [{
    A copy of one run of bytes, as concatenations and slices along the outermost dimension are, is not needed where one of its two
    buffers can be an `mcu.view` of the other: the source of it is written nowhere else afterwards, and the target by nobody else. A
    slice becomes a piece of its source, an operand of a concatenation one of the result. Where a buffer could be a piece of several
    others, up to four such choices are weighed by what a plan would need. `lower_bound` holds for all of them.

    Other copies stay: those whose rows are apart in memory (other dimensions), from inputs of the model, to its outputs from buffers
    that are pieces already, and those whose place in the other buffer is not aligned as kernels want it. They get operands that are no
    more than the bytes that they touch.
  }];
  let options = [Option<"stateLimit", "state-limit", "int64_t", "500000", "Sets of calls that a search for an order may visit">];
}

def OrderCalls : Pass<"thimble-schedule-order-calls", "::thimble::mcu::ProgramOp"> {
  let summary = "Order the calls so that the peak of live bytes is least";
  let description = [{
    A best-first search over the sets of calls that can have run, with exact reductions (OrderSearch.h): outputs that may lie over an
    input that dies are counted so. Beyond `state-limit` sets the best order that a beam search found is taken. `lower_bound` of the
    program becomes the peak that no order is below. Where the buffers cannot be placed at that peak, other orders are tried, and the
    bound rises to what can be shown for all of them (JointSearch.h).
  }];
  let options = [Option<"stateLimit", "state-limit", "int64_t", "500000", "Sets of calls that the search may visit">];
}

def FuseAdditions : Pass<"thimble-schedule-fuse-additions", "::thimble::mcu::ProgramOp"> {
  let summary = "Let int8 convolutions add the residual to their results before they store them";
  let description = [{
    Where a `tmb_conv2d_s8` comes right before the `tmb_add_s8` that alone reads its result, element by element, both become one
    `tmb_conv2d_add_s8`, with the same results bit for bit. As nothing else is alive at the first of the two calls than at both,
    no plan gets worse; the calls are ordered again, as it may get better. Sums keep their numbers, scaled to the kernel's fixed
    shift: calls whose sums might leave 32 bits then, and those with a clamp or a number of positions that is no multiple of four,
    which the kernel would do in a slow way, stay two. Within streamed parts, StreamPart.cpp does the same.
  }];
}

def GrowScratch : Pass<"thimble-schedule-grow-scratch", "::thimble::mcu::ProgramOp"> {
  let summary = "Give convolutions more scratch where the arena has room for it anyway";
  let description = [{
    `tmb_conv2d_s8` takes fewer instructions where scratch holds the windows of several blocks of positions (the field `blocks`). Each
    call gets what is free while it runs in an arena as high as without, if a placement of that height is found.
  }];
}

def PlanArena : Pass<"thimble-schedule-plan-arena", "::thimble::mcu::ProgramOp"> {
  let summary = "Give each buffer its offset in the arena";
  let description = [{
    Buffers that are live at the same time must not overlap, except for the output and the first input of a call as far as its
    `overlap` allows. First-fit in several orders and local search come first; where they stay above the bound, branch and bound
    finds the least height for this order of calls (Placement.h). A plan as high as `lower_bound` is optimal over all orders.
  }];
  let options = [Option<"work", "work", "int64_t", "100000000", "Looks at buffers and calls that branch and bound may take">];
}

def VerifyPlan : Pass<"thimble-verify-plan", "::thimble::mcu::ProgramOp"> {
  let summary = "Prove that a plan is sound";
  let description = [{
    Every buffer has an aligned place inside the arena. Then the plan is executed on ranges of bytes: each knows which buffer's data
    it holds. A call must find all bytes of what it reads, or of what an earlier call has begun to write, and its outputs and
    scratch take theirs from whoever had them. Within a call, memory is shared only as the kernel allows. Of a streamed part every
    step is executed: the rows that it reads must be one run of what one step of the plain program has written, and still be there.
    Independent of the live ranges from which the plan was made.
  }];
}

#endif
