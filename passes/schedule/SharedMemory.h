// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which buffers of a call may share memory.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "passes/schedule/OrderSearch.h"
#include <vector>

namespace thimble::schedule {

/// The output of a call may lie over one of its inputs, as far as the kernel is concerned. Both are operands of the call.
struct Sharing {
  mlir::Value input, output;
  int64_t distance; // the output must start at least so many bytes before the input
  bool isExact;     // the output must start where the input does; then both have the same size
};

/// True if `memory` is a buffer or a view of all of it.
bool isWhole(mlir::Value memory);

/// Erases views of `op`, a buffer or a view, that nobody uses, then itself; inputs stay.
void eraseUnused(mlir::Operation *op);

/// Makes `replaced` a view of `kept` from byte `at` on. `kept` is moved before it if it stands behind.
void replaceByView(mcu::BufferOp replaced, mcu::BufferOp kept, int64_t at);

/// What the kernel of `call` allows. Never an output of the model as the input, which the caller reads at the end, nor the model's
/// own input with its output, which the caller expects in two places.
std::vector<Sharing> findSharing(mcu::CallOp call);

/// The calls and the parts of the buffers of a program as numbers; tasks are the calls in order.
MemoryGraph makeGraph(mcu::ProgramOp program);

/// The buffers of a program that need memory, as items to be placed, in the same order.
struct ArenaProblem {
  PlacementProblem problem;
  std::vector<mcu::BufferOp> buffers;
};
ArenaProblem makeArenaProblem(mcu::ProgramOp program, bool isSpilled = false); // of one of both arenas

/// Gives convolutions no more scratch than they need: undoes what the pass GrowScratch did.
void shrinkScratch(mcu::ProgramOp program);

/// All buffers have offsets that are multiples of this, and so has every size that is counted.
constexpr int64_t wordBytes = 4;
int64_t alignmentOf(mcu::BufferOp buffer);

} // namespace thimble::schedule
