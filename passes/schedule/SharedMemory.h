// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which buffers of a call may share memory.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "passes/schedule/Placement.h"
#include <vector>

namespace thimble::schedule {

/// The output of a call may lie over one of its inputs, as far as the kernel is concerned.
struct Sharing {
  mcu::BufferOp input, output;
  int64_t distance; // the output must start at least so many bytes before the input
  bool isExact;     // the output must start where the input does; then both have the same size
};

/// What the kernel of `call` allows. Never an output of the model as the input, which the caller reads at the end, nor the model's
/// own input with its output, which the caller expects in two places.
std::vector<Sharing> findSharing(mcu::CallOp call);

/// The buffers of a program that need memory, as items to be placed, in the same order.
struct ArenaProblem {
  PlacementProblem problem;
  std::vector<mcu::BufferOp> buffers;
};
ArenaProblem makeArenaProblem(mcu::ProgramOp program);

/// All buffers have offsets that are multiples of this, and so has every size that is counted.
constexpr int64_t wordBytes = 4;
int64_t alignmentOf(mcu::BufferOp buffer);

} // namespace thimble::schedule
