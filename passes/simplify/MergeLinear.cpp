// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chains of additions and multiplications of constants become one multiplication and one addition.
#include "passes/simplify/LinearPatterns.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace {

int64_t product(ShapeRef shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

// A dimension of the result that neither the operand nor the coefficients have would be lost.
bool broadcastsTo(ShapeRef target, ArrayRef<ShapeRef> shapes) {
  FailureOr<Shape> shape = nn::broadcastShapes(shapes);
  return succeeded(shape) && ShapeRef(*shape) == target;
}

struct MergeChain : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<AffineStep> last = getAffineStep(op);
    if (!last)
      return rewriter.notifyMatchFailure(op, "is no affine function of f32 with a constant");
    // Upwards from here, as far as the inner results are used here only.
    Affine function = last->function;
    Value x = last->x;
    int64_t largest = std::max(product(function.scale.shape), product(function.shift.shape));
    SmallVector<Location> locations = {op.getLoc()};
    while (x.hasOneUse()) {
      std::optional<AffineStep> step = getAffineStep(x.getDefiningOp());
      if (!step || step->hasClamp)
        break;
      FailureOr<Affine> longer = step->function.then(function);
      if (failed(longer))
        break;
      largest = std::max({largest, product(step->function.scale.shape), product(step->function.shift.shape)});
      if (std::max(product(longer->scale.shape), product(longer->shift.shape)) > largest)
        break;
      function = std::move(*longer);
      x = step->x;
      locations.push_back(step->op->getLoc());
    }
    bool scales = !function.scale.areAll(1), shifts = !function.shift.areAll(0);
    // One operation is worth rewriting only to make a sum of a difference or a product of a quotient.
    bool isSimpler = int(locations.size()) > scales + shifts;
    bool isOther = locations.size() == 1 && scales + shifts == 1 &&
                   (op.getKind() == nn::BinaryKind::Sub || op.getKind() == nn::BinaryKind::Div);
    if (!isSimpler && !isOther)
      return rewriter.notifyMatchFailure(op, "is already as simple as it can be");
    if (!scales && !shifts && last->hasClamp)
      return rewriter.notifyMatchFailure(op, "does nothing but clamp");
    if (!function.scale.areFinite() || !function.shift.areFinite())
      return rewriter.notifyMatchFailure(op, "the merged constants would not be finite");
    SmallVector<ShapeRef> shapes = {shapeOf(x)};
    if (scales)
      shapes.push_back(function.scale.shape);
    if (shifts)
      shapes.push_back(function.shift.shape);
    if (!broadcastsTo(shapeOf(op.getY()), shapes))
      return rewriter.notifyMatchFailure(op, "the result has dimensions that the merged operations would not have");

    Location loc = rewriter.getFusedLoc(locations);
    Value y = x;
    if (scales)
      y = emit(nn::BinaryKind::Mul, y, function.scale, shifts ? nullptr : op, loc, rewriter);
    if (shifts)
      y = emit(nn::BinaryKind::Add, y, function.shift, op, loc, rewriter);
    rewriter.replaceOp(op, y);
    return success();
  }

  // The last operation keeps the clamp of the chain.
  static Value emit(nn::BinaryKind kind, Value x, const Coefficients &coefficients, nn::BinaryOp clamp, Location loc,
                    PatternRewriter &rewriter) {
    std::vector<float> values(coefficients.values.begin(), coefficients.values.end());
    Value constant = makeFloats(rewriter, loc, coefficients.shape, values);
    FloatAttr low = clamp ? clamp.getActMinAttr() : FloatAttr(), high = clamp ? clamp.getActMaxAttr() : FloatAttr();
    return rewriter.create<nn::BinaryOp>(loc, kind, x, constant, low, high);
  }
};

// Through additions and products of constants.
bool feedsSoftmax(Value value) {
  for (int steps = 0; steps < 4 && value.hasOneUse(); ++steps) {
    Operation *user = *value.user_begin();
    if (isa<nn::SoftmaxOp>(user))
      return true;
    if (!getAffineStep(user) && !isa<nn::ReshapeOp>(user))
      return false;
    value = user->getResult(0);
  }
  return false;
}

// Exporters of attention scale queries, keys or both by a number. Behind the product it is part of what the softmax does, and queries
// and keys stay where they are among the results of their layer.
struct ScaleBehindProduct : OpRewritePattern<nn::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::MatMulOp op, PatternRewriter &rewriter) const override {
    if (!isF32(op.getY()) || !feedsSoftmax(op.getY()))
      return rewriter.notifyMatchFailure(op, "makes no scores");
    for (OpOperand &operand : op->getOpOperands()) {
      Value moved = operand.get();
      while (moved.hasOneUse() && isa_and_nonnull<nn::ReshapeOp, nn::TransposeOp>(moved.getDefiningOp()))
        moved = moved.getDefiningOp()->getOperand(0);
      auto scale = moved.getDefiningOp<nn::BinaryOp>();
      if (!scale || scale.getKind() != nn::BinaryKind::Mul || scale.getActMin() || scale.getActMax() || !scale->hasOneUse())
        continue;
      Value x = isConstant(scale.getB()) ? scale.getA() : scale.getB();
      std::optional<double> number = splatOf(otherOperand(scale, x));
      if (!number || isConstant(x) || shapeOf(x) != shapeOf(scale.getY()))
        continue;
      rewriter.setInsertionPointAfter(op);
      Value factor = makeFloat(rewriter, scale.getLoc(), float(*number));
      auto scaled =
          rewriter.create<nn::BinaryOp>(scale.getLoc(), nn::BinaryKind::Mul, op.getY(), factor, FloatAttr(), FloatAttr());
      rewriter.replaceAllUsesExcept(op.getY(), scaled.getY(), scaled);
      rewriter.replaceOp(scale, x);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "has no operand that is scaled by a number");
  }
};

} // namespace

void simplify::addMergePatterns(RewritePatternSet &patterns) {
  patterns.add<MergeChain, ScaleBehindProduct>(patterns.getContext());
}
