// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lowering phase as a pipeline.
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "dialects/mcu/McuDialect.h"
#include "passes/lower/Lower.h"

using namespace mlir;

namespace thimble::lower {
#define GEN_PASS_REGISTRATION
#include "passes/lower/Passes.h.inc"
} // namespace thimble::lower

void thimble::lower::buildLowerPipeline(OpPassManager &manager, const LowerOptions &options) {
  // The types are those of the model over a window.
  if (options.frames)
    manager.addPass(createRunFrames({options.frames->input, options.frames->frames, options.frames->axis}));
  // Calibration and the choice of types see the scores, so this comes after them.
  if (options.fusesAttention)
    manager.addPass(createFuseAttention());
  if (options.readsPlanes)
    manager.addPass(createReadPlanes());
  manager.addPass(createLowerToMcu({options.name}));
  manager.nest<mcu::ProgramOp>().addPass(createUpdateStates());
}

void thimble::lower::registerPasses() {
  registerLowerPasses();
  PassPipelineRegistration<>("thimble-lower", "Turn nn operations into an mcu.program",
                             [](OpPassManager &manager) { buildLowerPipeline(manager); });
}
