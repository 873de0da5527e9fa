// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The legalization phase as a pipeline.
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "passes/legalize/Legalize.h"
#include "passes/verify/Verify.h"

using namespace mlir;

namespace thimble::legalize {
#define GEN_PASS_REGISTRATION
#include "passes/legalize/Passes.h.inc"
} // namespace thimble::legalize

void thimble::legalize::buildLegalizePipeline(OpPassManager &manager) {
  manager.addPass(createExpandQuantizedOperators());
  manager.addPass(createLegalizeOnnx());
  manager.addPass(verify::createVerifyNN());
}

void thimble::legalize::registerPasses() {
  registerlegalizePasses();
  PassPipelineRegistration<>("thimble-legalize", "Turn an ONNX graph into nn operations", buildLegalizePipeline);
}
