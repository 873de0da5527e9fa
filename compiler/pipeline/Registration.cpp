// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registration of dialects, passes and stage pipelines.
#include "compiler/pipeline/Registration.h"
#include "dialects/mcu/McuDialect.h"
#include "dialects/nn/NNDialect.h"
#include "dialects/onnx/OnnxDialect.h"
#include "dialects/pack/PackDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"
#include "passes/legalize/Legalize.h"
#include "passes/lower/Lower.h"
#include "passes/quantize/Quantize.h"
#include "passes/schedule/Schedule.h"
#include "passes/simplify/Simplify.h"
#include "passes/verify/Verify.h"

using namespace mlir;
using namespace thimble;

void thimble::registerDialects(DialectRegistry &registry) {
  registry.insert<onnx::OnnxDialect, nn::NNDialect, pack::PackDialect, mcu::McuDialect, func::FuncDialect,
                  quant::QuantizationDialect>();
}

void thimble::registerPassesAndPipelines() {
  registerCanonicalizerPass();
  registerCSEPass();
  verify::registerPasses();
  legalize::registerPasses();
  simplify::registerPasses();
  quantize::registerPasses();
  lower::registerPasses();
  schedule::registerPasses();
}
