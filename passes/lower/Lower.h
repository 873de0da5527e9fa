// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lowering phase as the pipeline and thimble-opt see it: nn to mcu.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/Pass/Pass.h"

namespace thimble::lower {

#define GEN_PASS_DECL
#include "passes/lower/Passes.h.inc"

struct LowerOptions {
  std::string name = "model"; // symbol of the program, prefix of all C symbols
  bool fusesAttention = true; // attention row by row; else with matrices of scores
  bool readsPlanes = true; // convolutions of images in planes
};

void buildLowerPipeline(mlir::OpPassManager &manager, const LowerOptions &options = {});

/// Registers the passes of this phase, and the pipeline as `thimble-lower`.
void registerPasses();

} // namespace thimble::lower
