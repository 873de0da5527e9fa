// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scheduling stage: order of calls, shared memory, places in the arena.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/Pass/Pass.h"

namespace thimble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/schedule/Passes.h.inc"

void buildSchedulePipeline(mlir::OpPassManager &manager);

} // namespace thimble
