// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-fold-constants: operations on constants become constants.
#include "compiler/execute/Executor.h"
#include "passes/simplify/Simplify.h"
#include "passes/simplify/Support.h"
#include "llvm/Support/Threading.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

bool broadcastsItself(Operation *op) { return isa<nn::BinaryOp, nn::CompareOp, nn::SelectOp>(op); }

// True for a broadcast that would cost flash and save nothing.
bool isWasteful(Operation *op) {
  auto broadcast = dyn_cast<nn::BroadcastOp>(op);
  if (!broadcast)
    return false;
  int64_t before = tensorBytes(typeOf(broadcast.getX())), after = tensorBytes(typeOf(broadcast.getY()));
  return after > 4096 && after > 4 * before && llvm::all_of(op->getUsers(), broadcastsItself);
}

struct Fold : RewritePattern {
  explicit Fold(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa_and_nonnull<nn::NNDialect>(op->getDialect()) || isa<nn::ConstantOp>(op))
      return rewriter.notifyMatchFailure(op, "is no computation of the nn dialect");
    if (op->getNumOperands() == 0 || !llvm::all_of(op->getOperands(), isConstant))
      return rewriter.notifyMatchFailure(op, "has an operand that is not constant");
    if (isWasteful(op))
      return rewriter.notifyMatchFailure(op, "is a broadcast that its users do themselves");
    // What cannot be computed here is no error yet: the operation may still disappear.
    std::string reason = "is too large";
    uint64_t thread = llvm::get_threadid();
    ScopedDiagnosticHandler handler(op->getContext(), [&](Diagnostic &diagnostic) {
      if (llvm::get_threadid() != thread)
        return failure();
      reason = diagnostic.str();
      return success();
    });
    FailureOr<SmallVector<ElementsAttr>> results = evaluate(op);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, [&](Diagnostic &diagnostic) { diagnostic << "cannot be computed: " << reason; });
    SmallVector<Value> constants;
    for (auto [value, type] : llvm::zip(*results, op->getResultTypes()))
      constants.push_back(rewriter.create<nn::ConstantOp>(op->getLoc(), type, value));
    rewriter.replaceOp(op, constants);
    return success();
  }
};

struct FoldConstants : simplify::impl::FoldConstantsBase<FoldConstants> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Fold>(&getContext());
    applyGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace
