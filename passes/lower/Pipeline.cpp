// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lowering stage as a pipeline.
#include "passes/lower/Lower.h"
#include "mlir/Pass/PassManager.h"

void thimble::buildLowerPipeline(mlir::OpPassManager &manager, const LowerOptions &options) {
  manager.addPass(createLowerToMcuPass({options.name}));
}
