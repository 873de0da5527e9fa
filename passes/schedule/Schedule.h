// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scheduling phase as the pipeline and thimble-opt see it: order of calls, shared memory, places in the arena.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/Pass/Pass.h"

namespace thimble::schedule {

#define GEN_PASS_DECL
#include "passes/schedule/Passes.h.inc"

/// Gives states their places, and `program` its `state_bytes`, if it has states.
void planState(mcu::ProgramOp program);

void buildSchedulePipeline(mlir::OpPassManager &manager);

/// Registers the passes of this phase, and the pipeline as `thimble-schedule`.
void registerPasses();

} // namespace thimble::schedule
