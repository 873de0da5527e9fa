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
  int64_t traffic;  // bytes that calls read from it and write to it in one run, each once
  int64_t cost;     // cycles that this takes more, estimated
  bool isCopied;    // moved there after some calls and back before the next, else used where it is
};

/// External RAM as the cost model sees it.
struct ExternalRam {
  int64_t bytes;
  int64_t slowdown = 1; // times that a byte takes of one in the arena
};

/// Moves temporary buffers of a planned program to a second arena so that the first one takes at most `budget` bytes, and plans both
/// anew. Kernels use a buffer where it is, or, where it lies idle between two calls, it is copied there and back: of all choices the
/// one is taken that costs least (SpillSearch.h). If there is none nothing changes and the list is empty.
mlir::FailureOr<std::vector<SpilledBuffer>> spillBuffers(mlir::ModuleOp module, int64_t budget, ExternalRam external);

} // namespace thimble::schedule
