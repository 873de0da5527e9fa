// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scheduling phase as a pipeline; it ends with the proof.
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "passes/schedule/Schedule.h"

using namespace mlir;

namespace thimble::schedule {
#define GEN_PASS_REGISTRATION
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

void thimble::schedule::buildSchedulePipeline(OpPassManager &manager) {
  OpPassManager &program = manager.nest<mcu::ProgramOp>();
  // Without copies that need not be there are fewer calls to order, and other bytes alive.
  program.addPass(createShareSlices());
  // In-place sharing depends on the last reader, so the order comes first.
  program.addPass(createOrderCalls());
  program.addPass(createFuseAdditions());
  program.addPass(createShareInPlace());
  // It uses what the order and shared memory leave free.
  program.addPass(createGrowScratch());
  program.addPass(createPlanArena());
  program.addPass(createVerifyPlan());
}

void thimble::schedule::registerPasses() {
  registerSchedulePasses();
  PassPipelineRegistration<>("thimble-schedule", "Order calls, share memory and place buffers in the arena",
                             buildSchedulePipeline);
}
