// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The simplification phase as a pipeline.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/simplify/Simplify.h"

using namespace mlir;

namespace thimble::simplify {
#define GEN_PASS_REGISTRATION
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

using namespace thimble;

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<bool> nhwcIo{*this, "nhwc-io", llvm::cl::desc("Make 4-D inputs and outputs NHWC"), llvm::cl::init(false)};
};
} // namespace

// Each pass makes work for the others: a composite is recognized only once its axes are the last ones, a bias is folded only
// once no transpose is in between, and what is folded leaves constants to compute. So they repeat until nothing changes, which
// takes two or three rounds.
static void addRound(OpPassManager &function) {
  function.addPass(createCSEPass());
  function.addPass(simplify::createFoldConstants());
  function.addPass(simplify::createRemoveNoOps());
  // Before additions and products are folded away from the patterns, and before clamps are fused.
  function.addPass(simplify::createRecognizeComposites());
  // Transposes before reshapes: a reshape that splits channels passes transposes on, and stays where it is then.
  function.addPass(simplify::createPropagateTransposes());
  function.addPass(simplify::createSinkReshapes());
  function.addPass(simplify::createFoldPadding());
  // Before the clamps: a layer that clamps takes no more factors.
  function.addPass(simplify::createFoldLinear());
  function.addPass(simplify::createFuseActivations());
  function.addPass(createCanonicalizerPass());
}

void simplify::buildSimplifyPipeline(OpPassManager &manager, const SimplifyOptions &options) {
  OpPassManager &function = manager.nest<func::FuncOp>();
  function.addPass(createCanonicalizerPass());
  function.addPass(createUntilStable(addRound));
  if (options.nhwcIo) {
    function.addPass(createChangeIoLayout());
    function.addPass(createUntilStable(addRound));
  }
  // What was folded may be equal now.
  function.addPass(createCSEPass());
  // Of the final operations.
  function.addPass(createSplitStates());
}

void simplify::registerPasses() {
  registersimplifyPasses();
  PassPipelineRegistration<PipelineOptions>(
      "thimble-simplify", "Make nn operations as few as possible, images NHWC",
      [](OpPassManager &manager, const PipelineOptions &options) { buildSimplifyPipeline(manager, {options.nhwcIo}); });
}
