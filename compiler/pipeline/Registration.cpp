// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registration of dialects, passes and stage pipelines.
#include "compiler/pipeline/Registration.h"
#include "dialects/mcu/McuDialect.h"
#include "dialects/nn/NNDialect.h"
#include "dialects/onnx/OnnxDialect.h"
#include "dialects/pack/PackDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/Schedule.h"

using namespace mlir;
using namespace thimble;

void thimble::registerDialects(DialectRegistry &registry) {
  registry.insert<onnx::OnnxDialect, nn::NNDialect, pack::PackDialect, mcu::McuDialect, func::FuncDialect,
                  quant::QuantizationDialect>();
}

void thimble::registerPassesAndPipelines() {
  registerCanonicalizerPass();
  registerCSEPass();
  registerLowerPasses();
  registerSchedulePasses();
  PassPipelineRegistration<>("thimble-stage-lower", "Turn nn operations into an mcu.program",
                             [](OpPassManager &manager) { buildLowerPipeline(manager, LowerOptions()); });
  PassPipelineRegistration<>("thimble-stage-schedule", "Order calls, share memory and place buffers in the arena",
                             buildSchedulePipeline);
}
