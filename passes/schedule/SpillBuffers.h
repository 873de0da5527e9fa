// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which buffers go to external RAM where the arena does not fit.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace thimble::schedule {

/// A buffer in external RAM.
struct SpilledBuffer {
  std::string name;
  int64_t bytes;
  int64_t traffic; // bytes that calls read from it and write to it in one run, each once
};

/// Moves temporary buffers of a planned program to a second arena until the first one takes at most `budget` bytes, and plans both
/// anew; kernels use them where they are. Those are taken that cause the least traffic for the bytes that they save at the steps
/// that are too full; then those go back that turn out not to be needed. If the second arena would be larger than
/// `externalBudget`, or the first one cannot be made to fit, nothing changes and the list is empty.
mlir::FailureOr<std::vector<SpilledBuffer>> spillBuffers(mlir::ModuleOp module, int64_t budget, int64_t externalBudget);

} // namespace thimble::schedule
