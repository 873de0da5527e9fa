// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-verify-quantized: the contract of the quantized nn level.
#include "dialects/nn/NNDialect.h"
#include "passes/quantize/Quantize.h"
#include "passes/quantize/Range.h"

using namespace mlir;

namespace thimble::quantize {
#define GEN_PASS_DEF_VERIFYQUANTIZED
#include "passes/quantize/Passes.h.inc"
} // namespace thimble::quantize

using namespace thimble;
using namespace thimble::quantize;

namespace {

struct VerifyQuantized : quantize::impl::VerifyQuantizedBase<VerifyQuantized> {
  void runOnOperation() override {
    bool isSound = true;
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (Operation &op : function.getBody().getOps()) {
        // Constants of f32 are parameters that lowering turns into integers.
        auto isFloatActivation = [](Value value) {
          return isFloat(value) && !isa_and_nonnull<nn::ConstantOp>(value.getDefiningOp());
        };
        bool isFloatArithmetic =
            !isa<nn::QuantizeOp, nn::DequantizeOp, nn::ConstantOp, func::ReturnOp>(op) &&
            (llvm::any_of(op.getOperands(), isFloatActivation) || llvm::any_of(op.getResults(), isFloat));
        if (!isFloatArithmetic || op.hasAttr(floatAttrName))
          continue;
        isSound = false;
        op.emitOpError("computes in f32 after quantization, and no warning said so; it lacks '") << floatAttrName << "'";
      }
    if (!isSound)
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
