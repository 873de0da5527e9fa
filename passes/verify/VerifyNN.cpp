// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-verify-nn: the contract of the nn level.
#include "compiler/support/Constants.h"
#include "dialects/nn/NNDialect.h"
#include "passes/verify/Verify.h"

using namespace mlir;

namespace thimble::verify {
#define GEN_PASS_DEF_VERIFYNN
#define GEN_PASS_REGISTRATION
#include "passes/verify/Passes.h.inc"
} // namespace thimble::verify

using namespace thimble;

void verify::registerPasses() { registerverifyPasses(); }

namespace {

bool isKnownElement(Type element) {
  return isa<quant::QuantizedType>(element) || elementBytes(element) > 0;
}

// What is wrong with `type`, or "".
std::string problemOf(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    stream << "is no tensor of static shape: " << type;
  else if (!isKnownElement(tensor.getElementType()))
    stream << "has elements of type " << tensor.getElementType() << ", which kernels do not have";
  else if (tensorBytes(tensor) > INT32_MAX)
    stream << "has " << tensorBytes(tensor) << " bytes; kernels address fewer than 2^31";
  return text;
}

struct VerifyNN : verify::impl::VerifyNNBase<VerifyNN> {
  void runOnOperation() override {
    bool isSound = true;
    auto refuse = [&](Location loc) {
      isSound = false;
      return emitError(loc);
    };
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!llvm::hasSingleElement(function.getBody())) {
        refuse(function.getLoc()) << "function '" << function.getName() << "' must have one block";
        continue;
      }
      for (BlockArgument argument : function.getArguments())
        if (std::string problem = problemOf(argument.getType()); !problem.empty())
          refuse(function.getLoc()) << "input " << argument.getArgNumber() << " " << problem;
      for (Operation &op : function.getBody().front()) {
        if (!isa<func::ReturnOp>(op) && !isa_and_nonnull<nn::NNDialect>(op.getDialect()))
          refuse(op.getLoc()) << "'" << op.getName() << "' is left, but only nn operations may be at this level";
        for (Type type : op.getResultTypes())
          if (std::string problem = problemOf(type); !problem.empty())
            refuse(op.getLoc()) << "result of '" << op.getName() << "' " << problem;
      }
    }
    if (!isSound)
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
