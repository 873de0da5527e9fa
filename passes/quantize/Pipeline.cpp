// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The quantization phase as a pipeline.
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "passes/quantize/Quantize.h"

using namespace mlir;

namespace thimble::quantize {
#define GEN_PASS_REGISTRATION
#include "passes/quantize/Passes.h.inc"
} // namespace thimble::quantize

using namespace thimble;

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<bool> ioFloat{*this, "io-float", llvm::cl::desc("Keep inputs and outputs f32"), llvm::cl::init(false)};
  Option<bool> adopt{*this, "adopt", llvm::cl::desc("Quantize nothing but what the model quantizes"), llvm::cl::init(false)};
};
} // namespace

void quantize::buildQuantizePipeline(OpPassManager &manager, const QuantizeOptions &options) {
  manager.addPass(createQuantizeToInt8({options.ioFloat, options.adopt}));
  manager.addPass(createFoldConversions({options.adopt}));
  manager.addPass(createVerifyQuantized());
}

void quantize::registerPasses() {
  registerquantizePasses();
  PassPipelineRegistration<PipelineOptions>(
      "thimble-quantize", "Turn calibrated f32 operations into int8",
      [](OpPassManager &manager, const PipelineOptions &options) { 
        buildQuantizePipeline(manager, {options.ioFloat, options.adopt});
      });
}
