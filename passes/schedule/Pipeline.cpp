// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scheduling stage as a pipeline; it ends with the proof.
#include "mlir/Pass/PassManager.h"
#include "passes/schedule/Schedule.h"

void thimble::buildSchedulePipeline(mlir::OpPassManager &manager) {
  mlir::OpPassManager &program = manager.nest<mcu::ProgramOp>();
  // In-place sharing depends on the last reader, so the order comes first.
  program.addPass(createOrderCallsPass());
  program.addPass(createShareInPlacePass());
  program.addPass(createPlanArenaPass());
  program.addPass(createVerifyPlanPass());
}
