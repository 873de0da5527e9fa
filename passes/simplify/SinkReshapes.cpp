// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-sink-reshapes: elementwise operations come before the reshapes of their operands.
#include "passes/simplify/Permutation.h"
#include "passes/simplify/Simplify.h"
#include "passes/simplify/Support.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_SINKRESHAPES
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

// Gives `op` the operands `operands`, of which the first has the new shape, and puts a reshape behind it.
void sink(Operation *op, ValueRange operands, PatternRewriter &rewriter) {
  auto oldType = cast<RankedTensorType>(op->getResult(0).getType());
  Operation *moved = rewriter.clone(*op);
  moved->setOperands(operands);
  moved->getResult(0).setType(RankedTensorType::get(shapeOf(operands[0]), oldType.getElementType()));
  rewriter.replaceOpWithNewOp<nn::ReshapeOp>(op, oldType, moved->getResult(0));
}

template <typename Op> struct ThroughUnary : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto reshape = op.getX().template getDefiningOp<nn::ReshapeOp>();
    if (!reshape)
      return rewriter.notifyMatchFailure(op, "the operand is not reshaped");
    sink(op, reshape.getX(), rewriter);
    return success();
  }
};

// The shape in which a constant of shape `constant`, which broadcasts to `to`, does the same on a tensor of shape `from`.
std::optional<Shape> shapeBefore(ShapeRef constant, ShapeRef from, ShapeRef to) {
  std::optional<SmallVector<DimGroup>> groups = groupDims(from, to);
  if (!groups || constant.size() > to.size())
    return std::nullopt;
  Shape aligned(to.size() - constant.size(), 1), result(from.size(), 1);
  aligned.append(constant.begin(), constant.end());
  for (const DimGroup &group : *groups) {
    auto isOne = [&](int64_t dim) { return aligned[dim] == 1; };
    auto isWhole = [&](int64_t dim) { return aligned[dim] == to[dim]; };
    if (llvm::all_of(group.to, isWhole)) {
      for (int64_t dim : group.from)
        result[dim] = from[dim];
    } else if (!llvm::all_of(group.to, isOne)) {
      return std::nullopt;
    }
  }
  // Leading ones only make the constant harder to recognize.
  while (!result.empty() && result.front() == 1)
    result.erase(result.begin());
  return result;
}

struct ThroughBinary : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    auto a = op.getA().getDefiningOp<nn::ReshapeOp>(), b = op.getB().getDefiningOp<nn::ReshapeOp>();
    if (a && b) {
      if (a.getX().getType() != b.getX().getType() || a.getY().getType() != b.getY().getType())
        return rewriter.notifyMatchFailure(op, "the operands are reshaped in different ways");
      sink(op, {a.getX(), b.getX()}, rewriter);
      return success();
    }
    nn::ReshapeOp reshape = a ? a : b;
    if (!reshape || !isConstant(otherOperand(op, reshape.getY())))
      return rewriter.notifyMatchFailure(op, "the operands are no reshaped tensor and a constant");
    if (reshape.getY().getType() != op.getY().getType())
      return rewriter.notifyMatchFailure(op, "the constant is larger than the reshaped tensor");
    Value constant = otherOperand(op, reshape.getY());
    std::optional<Shape> shape = shapeBefore(shapeOf(constant), shapeOf(reshape.getX()), shapeOf(reshape.getY()));
    if (!shape)
      return rewriter.notifyMatchFailure(op, "the constant differs within dimensions that the reshape splits or joins");
    Value moved = reshaped(rewriter, op.getLoc(), constant, *shape);
    auto oldType = typeOf(op.getY());
    Value x = reshape.getX();
    Value y =
        rewriter.create<nn::BinaryOp>(op.getLoc(), RankedTensorType::get(shapeOf(x), oldType.getElementType()),
                                      op.getKindAttr(), a ? x : moved, a ? moved : x, op.getActMinAttr(), op.getActMaxAttr());
    rewriter.replaceOpWithNewOp<nn::ReshapeOp>(op, oldType, y);
    return success();
  }
};

struct SinkReshapes : simplify::impl::SinkReshapesBase<SinkReshapes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ThroughUnary<nn::UnaryOp>, ThroughUnary<nn::CastOp>, ThroughBinary>(&getContext());
    applyGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace
