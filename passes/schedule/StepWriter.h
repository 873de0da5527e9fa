// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From the steps of a streamed part, with their places in memory, to operations with loops.
#pragma once

#include "dialects/mcu/McuDialect.h"

namespace thimble::schedule {

/// A step with everything that an mcu.step says.
struct BoundStep {
  mcu::CallOp call; // null: rows slide
  mlir::DictionaryAttr params;
  llvm::SmallVector<int64_t, 6> operands, offsets, extents;
  int64_t fedBytes = 0; // > 0: a row that the caller feeds
  mcu::CallOp group = {}; // of a piece: the first one of all
  bool isFused = false;   // with the addition that followed
};

/// Makes convolutions one step with the addition that follows and reads the same rows in their place, where a kernel does both for all
/// rows.
void fuseAdditions(std::vector<BoundStep> &steps);

/// Writes the steps into the body of `stream`, those that recur as loops.
void writeSteps(mlir::OpBuilder &builder, mcu::CallOp stream, const std::vector<BoundStep> &steps);

} // namespace thimble::schedule
