// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-remove-no-ops: the pass, and operations that move or combine elements without effect.
#include "passes/simplify/NoOpPatterns.h"
#include "passes/simplify/Simplify.h"
#include "passes/simplify/Support.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_REMOVENOOPS
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

bool isOne(int64_t number) { return number == 1; }
bool isZero(int64_t number) { return number == 0; }

// True if every element of type `from` is the same number in type `to`.
bool holdsAll(Type to, Type from) {
  if (from == to || from.isInteger(1))
    return from == to || to.isIntOrFloat();
  if (isa<FloatType>(from) && isa<FloatType>(to))
    return from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth() && (to.isF32() || to.isF64());
  auto integer = dyn_cast<IntegerType>(from);
  if (!integer)
    return false;
  if (to.isF32() || to.isF64())
    return integer.getWidth() <= (to.isF32() ? 24 : 53);
  auto wide = dyn_cast<IntegerType>(to);
  bool sameSign = wide && wide.isUnsigned() == integer.isUnsigned();
  return wide && wide.getWidth() > integer.getWidth() && (sameSign || integer.isUnsigned());
}

// cast(x) of the same type, cast(cast(x)) there and back
struct Cast : OpRewritePattern<nn::CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::CastOp op, PatternRewriter &rewriter) const override {
    if (op.getX().getType() == op.getY().getType()) {
      rewriter.replaceOp(op, op.getX());
      return success();
    }
    auto inner = op.getX().getDefiningOp<nn::CastOp>();
    if (!inner || !holdsAll(elementOf(inner.getY()), elementOf(inner.getX())))
      return rewriter.notifyMatchFailure(op, "changes the type of what is no cast to a wider type");
    if (op.getY().getType() == inner.getX().getType()) {
      rewriter.replaceOp(op, inner.getX());
      return success();
    }
    if (!isa<IntegerType>(elementOf(op.getY())) || !isa<IntegerType>(elementOf(inner.getX())) ||
        !isa<IntegerType>(elementOf(inner.getY())) || elementOf(op.getY()).isInteger(1))
      return rewriter.notifyMatchFailure(op, "converts between integers and floats");
    if (!holdsAll(elementOf(op.getY()), elementOf(inner.getX())))
      return rewriter.notifyMatchFailure(op, "may drop bits");
    rewriter.replaceOpWithNewOp<nn::CastOp>(op, op.getY().getType(), inner.getX());
    return success();
  }
};

struct Concat : OpRewritePattern<nn::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    bool changes = false;
    for (Value input : op.getInputs()) {
      auto inner = input.getDefiningOp<nn::ConcatOp>();
      if (typeOf(input).getNumElements() == 0) {
        changes = true;
      } else if (inner && inner.getAxis() == op.getAxis() && input.hasOneUse() && elementOf(input) == elementOf(op.getY())) {
        inputs.append(inner.getInputs().begin(), inner.getInputs().end());
        changes = true;
      } else {
        inputs.push_back(input);
      }
    }
    if (inputs.size() == 1 && inputs[0].getType() == op.getY().getType()) {
      rewriter.replaceOp(op, inputs[0]);
      return success();
    }
    if (!changes || inputs.empty())
      return rewriter.notifyMatchFailure(op,
                                         "has several operands with elements, none of which is a concatenation for it alone");
    rewriter.modifyOpInPlace(op, [&] { op.getInputsMutable().assign(inputs); });
    return success();
  }
};

struct SliceOfSlice : OpRewritePattern<nn::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<nn::SliceOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "the operand is no slice");
    Shape offsets, strides;
    for (size_t i = 0; i < shapeOf(op.getX()).size(); ++i) {
      offsets.push_back(inner.getOffsets()[i] + op.getOffsets()[i] * inner.getStrides()[i]);
      strides.push_back(inner.getStrides()[i] * op.getStrides()[i]);
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(inner.getX());
      op.setOffsets(offsets);
      op.setStrides(strides);
    });
    return success();
  }
};

// A window of one element in steps of one, without padding.
struct Pool : OpRewritePattern<nn::Pool2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::Pool2DOp op, PatternRewriter &rewriter) const override {
    if (op.getX().getType() != op.getY().getType() || !llvm::all_of(op.getKernel(), isOne) ||
        !llvm::all_of(op.getStrides(), isOne) || !llvm::all_of(op.getPads(), isZero))
      return rewriter.notifyMatchFailure(op, "combines or drops elements");
    rewriter.replaceOp(op, op.getX());
    return success();
  }
};

// Of dimensions of size 1.
struct Reduce : OpRewritePattern<nn::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::ReduceOp op, PatternRewriter &rewriter) const override {
    for (int64_t axis : op.getAxes())
      if (shapeOf(op.getX())[size_t(axis)] != 1)
        return rewriter.notifyMatchFailure(op, "combines elements");
    if (elementOf(op.getX()) != elementOf(op.getY()))
      return rewriter.notifyMatchFailure(op, "changes the scale");
    Value x = op.getX();
    switch (op.getKind()) {
    case nn::ReduceKind::L1:
    case nn::ReduceKind::L2:
      x = rewriter.create<nn::UnaryOp>(op.getLoc(), nn::UnaryKind::Abs, x, APFloat(0.0f), APFloat(0.0f));
      break;
    case nn::ReduceKind::SumSquare:
      x = rewriter.create<nn::BinaryOp>(op.getLoc(), nn::BinaryKind::Mul, x, x, FloatAttr(), FloatAttr());
      break;
    default:
      break;
    }
    rewriter.replaceOpWithNewOp<nn::ReshapeOp>(op, op.getY().getType(), x);
    return success();
  }
};

// New dimensions of size 1 only.
struct Broadcast : OpRewritePattern<nn::BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BroadcastOp op, PatternRewriter &rewriter) const override {
    if (typeOf(op.getX()).getNumElements() != typeOf(op.getY()).getNumElements())
      return rewriter.notifyMatchFailure(op, "repeats elements");
    rewriter.replaceOpWithNewOp<nn::ReshapeOp>(op, op.getY().getType(), op.getX());
    return success();
  }
};

// In front of an operation that broadcasts itself to the same result.
struct BroadcastOperand : RewritePattern {
  explicit BroadcastOperand(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<nn::BinaryOp, nn::CompareOp, nn::SelectOp>(op))
      return rewriter.notifyMatchFailure(op, "does not broadcast its operands");
    for (OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<nn::BroadcastOp>();
      if (!broadcast)
        continue;
      SmallVector<ShapeRef> shapes;
      for (OpOperand &other : op->getOpOperands())
        shapes.push_back(shapeOf(&other == &operand ? broadcast.getX() : other.get()));
      FailureOr<Shape> shape = nn::broadcastShapes(shapes);
      if (failed(shape) || ShapeRef(*shape) != shapeOf(op->getResult(0)))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getX()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is broadcast, or the result would be smaller without");
  }
};

// condition ? a : a
struct Select : OpRewritePattern<nn::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::SelectOp op, PatternRewriter &rewriter) const override {
    if (op.getA() != op.getB() || op.getA().getType() != op.getY().getType())
      return rewriter.notifyMatchFailure(op, "chooses between different tensors");
    rewriter.replaceOp(op, op.getA());
    return success();
  }
};

struct RemoveNoOps : simplify::impl::RemoveNoOpsBase<RemoveNoOps> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Cast, Concat, SliceOfSlice, Pool, Reduce, Broadcast, BroadcastOperand, Select>(&getContext());
    addElementwiseNoOpPatterns(patterns);
    applyGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace
