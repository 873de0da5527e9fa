// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lowering stage: nn to mcu.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/Pass/Pass.h"

namespace thimble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/lower/Passes.h.inc"

struct LowerOptions {
  std::string name = "model"; // symbol of the program, prefix of all C symbols
};

void buildLowerPipeline(mlir::OpPassManager &manager, const LowerOptions &options);

} // namespace thimble
