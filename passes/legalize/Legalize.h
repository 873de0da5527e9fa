// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The legalization phase as the pipeline and thimble-opt see it.
#pragma once

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class OpPassManager;
}

namespace thimble::legalize {

#define GEN_PASS_DECL
#include "passes/legalize/Passes.h.inc"

/// onnx.node to verified nn operations.
void buildLegalizePipeline(mlir::OpPassManager &manager);

/// Registers the passes of this phase, and the pipeline as `thimble-legalize`.
void registerPasses();

} // namespace thimble::legalize
