// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The simplification phase as the pipeline and thimble-opt see it.
#pragma once

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class OpPassManager;
}

namespace thimble::simplify {

#define GEN_PASS_DECL
#include "passes/simplify/Passes.h.inc"

struct SimplifyOptions {
  bool nhwcIo = false; // 4-D inputs and outputs become NHWC
};

/// Legalized nn operations to as few nn operations as possible, images in NHWC.
void buildSimplifyPipeline(mlir::OpPassManager &manager, const SimplifyOptions &options = {});

/// Runs the passes that `build` adds on a function until they change nothing, at most `maxRounds` times.
std::unique_ptr<mlir::Pass> createUntilStable(llvm::function_ref<void(mlir::OpPassManager &)> build, unsigned maxRounds = 10);

/// Registers the passes of this phase, and the pipeline as `thimble-simplify`.
void registerPasses();

} // namespace thimble::simplify
