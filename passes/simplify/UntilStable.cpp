// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A pass that runs others until they change nothing.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassManager.h"
#include "passes/simplify/Simplify.h"

using namespace mlir;

namespace {

// A fingerprint covers which operations there are, their operands and attributes, not the bytes of constants: weights that
// change are other attributes.
struct UntilStable : PassWrapper<UntilStable, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UntilStable)

  UntilStable(llvm::function_ref<void(OpPassManager &)> build, unsigned maxRounds)
      : passes(func::FuncOp::getOperationName()), maxRounds(maxRounds) {
    build(passes);
  }
  UntilStable(const UntilStable &other) : PassWrapper(other), passes(other.passes), maxRounds(other.maxRounds) {}

  StringRef getArgument() const override { return "thimble-simplify-until-stable"; }
  StringRef getDescription() const override { return "Run passes until they change nothing"; }
  void getDependentDialects(DialectRegistry &registry) const override { passes.getDependentDialects(registry); }

  void runOnOperation() override {
    // Stopping early leaves a function that computes the same, so there is no error to report.
    for (unsigned round = 0; round < maxRounds; ++round) {
      OperationFingerPrint before(getOperation());
      if (failed(runPipeline(passes, getOperation())))
        return signalPassFailure();
      if (OperationFingerPrint(getOperation()) == before)
        break;
    }
  }

  OpPassManager passes;
  unsigned maxRounds;
};

} // namespace

std::unique_ptr<Pass> thimble::simplify::createUntilStable(llvm::function_ref<void(OpPassManager &)> build,
                                                           unsigned maxRounds) {
  return std::make_unique<UntilStable>(build, maxRounds);
}
