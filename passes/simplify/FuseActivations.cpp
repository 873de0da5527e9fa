// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-fuse-activations: relu and clamp become the clamp of the operation in front of them.
#include "passes/simplify/Simplify.h"
#include "passes/simplify/Support.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_FUSEACTIVATIONS
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

// The clamp of the producer, then that of the activation: one clamp, even where the intervals are disjoint.
std::pair<float, float> intersect(std::pair<float, float> inner, std::pair<float, float> outer) {
  auto limit = [&](float value) { return std::min(std::max(value, outer.first), outer.second); };
  return {limit(inner.first), limit(inner.second)};
}

template <typename Op> void setAct(Op op, std::pair<float, float> act, Location loc, PatternRewriter &rewriter) {
  rewriter.modifyOpInPlace(op, [&] {
    op.setActMinAttr(clampAttr(rewriter, act.first));
    op.setActMaxAttr(clampAttr(rewriter, act.second));
    op->setLoc(loc);
  });
}

struct IntoProducer : OpRewritePattern<nn::UnaryOp> {
  using OpRewritePattern::OpRewritePattern;

  // The operation that can clamp its result itself, looking through max poolings: the maximum of clamped elements is the
  // clamped maximum. (With padding it may be that of no elements.)
  static FailureOr<Operation *> findProducer(nn::UnaryOp op, PatternRewriter &rewriter) {
    Value value = op.getX();
    while (true) {
      Operation *producer = value.getDefiningOp();
      if (!producer || !value.hasOneUse())
        return rewriter.notifyMatchFailure(op, "the operand is an input of the function or has other users");
      auto pool = dyn_cast<nn::Pool2DOp>(producer);
      if (!pool)
        return producer;
      if (pool.getKind() != nn::PoolKind::Max || llvm::any_of(pool.getPads(), [](int64_t pad) { return pad != 0; }))
        return rewriter.notifyMatchFailure(op, "a pooling is in front that does not commute with a clamp");
      value = pool.getX();
    }
  }

  LogicalResult matchAndRewrite(nn::UnaryOp op, PatternRewriter &rewriter) const override {
    std::pair<float, float> act(0.0f, std::numeric_limits<float>::infinity());
    if (op.getKind() == nn::UnaryKind::Clamp)
      act = {op.getAlpha().convertToFloat(), op.getBeta().convertToFloat()};
    else if (op.getKind() != nn::UnaryKind::Relu)
      return rewriter.notifyMatchFailure(op, "is no clamp");
    if (!isF32(op.getX()) || !(act.first <= act.second))
      return rewriter.notifyMatchFailure(op, "is no clamp of floats to an interval");
    FailureOr<Operation *> producer = findProducer(op, rewriter);
    if (failed(producer))
      return failure();
    Location loc = rewriter.getFusedLoc({(*producer)->getLoc(), op.getLoc()});
    if (auto conv = dyn_cast<nn::Conv2DOp>(*producer))
      setAct(conv, intersect(conv.getAct(), act), loc, rewriter);
    else if (auto fullyConnected = dyn_cast<nn::FullyConnectedOp>(*producer))
      setAct(fullyConnected, intersect(fullyConnected.getAct(), act), loc, rewriter);
    else if (auto binary = dyn_cast<nn::BinaryOp>(*producer); binary && canClamp(binary))
      setAct(binary, intersect(binary.getAct(), act), loc, rewriter);
    else
      return rewriter.notifyMatchFailure(op, "the operation in front cannot clamp its result");
    rewriter.replaceOp(op, op.getX());
    return success();
  }

  static bool canClamp(nn::BinaryOp op) {
    return op.getKind() == nn::BinaryKind::Add || op.getKind() == nn::BinaryKind::Sub || op.getKind() == nn::BinaryKind::Mul;
  }
};

struct FuseActivations : simplify::impl::FuseActivationsBase<FuseActivations> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<IntoProducer>(&getContext());
    applyGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace
