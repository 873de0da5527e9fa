// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-recognize-composites: the pass, and powers and quotients that have a simpler form.
#include "passes/simplify/CompositePatterns.h"
#include "passes/simplify/Simplify.h"
#include "passes/simplify/Support.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_RECOGNIZECOMPOSITES
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

Value makeUnary(PatternRewriter &rewriter, Location loc, nn::UnaryKind kind, Value x) {
  return rewriter.create<nn::UnaryOp>(loc, kind, x, APFloat(0.0f), APFloat(0.0f));
}

// pow(x, 2) = x * x, pow(x, 0.5) = sqrt(x), pow(x, -1) = 1 / x, pow(x, -0.5) = 1 / sqrt(x)
struct SimplePower : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<double> exponent = splatOf(op.getB());
    Value x = op.getA();
    if (op.getKind() != nn::BinaryKind::Pow || !exponent || x.getType() != op.getY().getType() || op.getActMin() ||
        op.getActMax())
      return rewriter.notifyMatchFailure(op, "is no power with one constant exponent");
    if (*exponent == 2)
      rewriter.replaceOpWithNewOp<nn::BinaryOp>(op, nn::BinaryKind::Mul, x, x, FloatAttr(), FloatAttr());
    else if (*exponent == 0.5)
      rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), nn::UnaryKind::Sqrt, x));
    else if (*exponent == -1)
      rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), nn::UnaryKind::Reciprocal, x));
    else if (*exponent == -0.5)
      rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), nn::UnaryKind::Reciprocal,
                                       makeUnary(rewriter, op.getLoc(), nn::UnaryKind::Sqrt, x)));
    else
      return rewriter.notifyMatchFailure(op, "the exponent is not 2, 1/2, -1 or -1/2");
    return success();
  }
};

// 1 / x
struct SimpleQuotient : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != nn::BinaryKind::Div || !isF32(op.getY()) || op.getActMin() || op.getActMax() || isConstant(op.getB()))
      return rewriter.notifyMatchFailure(op, "is no quotient of floats");
    std::optional<double> dividend = splatOf(op.getA());
    if (!dividend || *dividend != 1 || op.getB().getType() != op.getY().getType())
      return rewriter.notifyMatchFailure(op, "the dividend is not 1");
    rewriter.replaceOp(op, makeUnary(rewriter, op.getLoc(), nn::UnaryKind::Reciprocal, op.getB()));
    return success();
  }
};

struct RecognizeComposites : simplify::impl::RecognizeCompositesBase<RecognizeComposites> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SimplePower, SimpleQuotient>(&getContext());
    addActivationPatterns(patterns);
    addNormalizationPatterns(patterns);
    applyGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace
