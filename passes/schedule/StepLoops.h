// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the loops in a sequence of steps, so that the program text stays short.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace thimble::schedule {

/// A step: two with the same `kind` differ in nothing but their offsets.
struct FlatStep {
  int64_t kind;
  llvm::SmallVector<int64_t, 6> offsets;
};

/// The steps [begin, begin + period) run `count` times; each time every offset is further by what it is in the second round.
struct StepLoop {
  size_t begin, period, count;
};

/// Loops in order that together stand for all steps; those with a count of 1 are plain sequences.
std::vector<StepLoop> findLoops(const std::vector<FlatStep> &steps);

} // namespace thimble::schedule
