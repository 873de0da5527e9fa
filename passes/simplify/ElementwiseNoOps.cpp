// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elementwise operations without effect, and clamps in the simplest form.
#include "passes/simplify/NoOpPatterns.h"
#include "passes/simplify/Ranges.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// True if `op` with the constant `number` on the side of b (or of a) is its other operand.
bool isIdentity(nn::BinaryKind kind, double number, bool isRight) {
  switch (kind) {
  case nn::BinaryKind::Add:
  case nn::BinaryKind::Or:
  case nn::BinaryKind::Xor:
    return number == 0;
  case nn::BinaryKind::Sub:
    return number == 0 && isRight;
  case nn::BinaryKind::Mul:
    return number == 1;
  case nn::BinaryKind::And:
    return number != 0;
  case nn::BinaryKind::Div:
  case nn::BinaryKind::Pow:
  case nn::BinaryKind::PRelu:
    return number == 1 && isRight;
  case nn::BinaryKind::Min:
    return number == infinity;
  case nn::BinaryKind::Max:
    return number == -infinity;
  default:
    return false;
  }
}

Value makeClamp(PatternRewriter &rewriter, Location loc, Value x, double low, double high) {
  // Booleans of the dialect: relu is the clamp that kernels know best.
  bool isRelu = low == 0 && high == infinity;
  auto kind = isRelu ? nn::UnaryKind::Relu : nn::UnaryKind::Clamp;
  return rewriter.create<nn::UnaryOp>(loc, kind, x, APFloat(isRelu ? 0.0f : float(low)), APFloat(isRelu ? 0.0f : float(high)));
}

struct BinaryIdentity : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    for (bool isRight : {true, false}) {
      Value x = isRight ? op.getA() : op.getB();
      std::optional<double> number = splatOf(isRight ? op.getB() : op.getA());
      if (!number || x.getType() != op.getY().getType() || !isIdentity(op.getKind(), *number, isRight))
        continue;
      if (op.getActMin() || op.getActMax())
        x = makeClamp(rewriter, op.getLoc(), x, op.getAct().first, op.getAct().second);
      rewriter.replaceOp(op, x);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is a constant that changes nothing");
  }
};

// max(x, c), min(x, c)
struct MinMaxToClamp : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    bool isMax = op.getKind() == nn::BinaryKind::Max;
    if ((!isMax && op.getKind() != nn::BinaryKind::Min) || !isF32(op.getY()) || op.getActMin() || op.getActMax())
      return rewriter.notifyMatchFailure(op, "is no maximum or minimum of floats");
    for (auto [x, limit] : {std::pair(op.getA(), op.getB()), std::pair(op.getB(), op.getA())}) {
      std::optional<double> number = splatOf(limit);
      if (!number || std::isnan(*number) || x.getType() != op.getY().getType())
        continue;
      rewriter.replaceOp(op, makeClamp(rewriter, op.getLoc(), x, isMax ? *number : -infinity, isMax ? infinity : *number));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is one number");
  }
};

std::optional<std::pair<double, double>> limitsOf(nn::UnaryOp op) {
  if (!op || !isF32(op.getX()))
    return std::nullopt;
  if (op.getKind() == nn::UnaryKind::Relu)
    return std::pair(0.0, infinity);
  double low = op.getAlpha().convertToFloat(), high = op.getBeta().convertToFloat();
  if (op.getKind() != nn::UnaryKind::Clamp || !(low <= high))
    return std::nullopt;
  return std::pair(low, high);
}

// Clamps that do not clamp, clamps of clamps, clamps that are a relu.
struct Clamp : OpRewritePattern<nn::UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::UnaryOp op, PatternRewriter &rewriter) const override {
    auto limits = limitsOf(op);
    if (!limits)
      return rewriter.notifyMatchFailure(op, "is no clamp of floats");
    auto [low, high] = *limits;
    Interval range = rangeOf(op.getX());
    if (range.low >= low && range.high <= high) {
      rewriter.replaceOp(op, op.getX());
      return success();
    }
    if (auto inner = op.getX().getDefiningOp<nn::UnaryOp>())
      if (auto own = limitsOf(inner); own && op.getX().hasOneUse()) {
        double newLow = std::min(std::max(own->first, low), high), newHigh = std::min(std::max(own->second, low), high);
        Location loc = rewriter.getFusedLoc({inner.getLoc(), op.getLoc()});
        rewriter.replaceOp(op, makeClamp(rewriter, loc, inner.getX(), newLow, newHigh));
        return success();
      }
    // A limit that is never reached may as well be infinite: relu(x) is simpler than a clamp to [0, 10] of what is below 5.
    if (op.getKind() == nn::UnaryKind::Clamp && low == 0 && range.high <= high) {
      rewriter.replaceOp(op, makeClamp(rewriter, op.getLoc(), op.getX(), 0, infinity));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "clamps, and what it clamps is no clamp for it alone");
  }
};

// -(-x), not(not x), |x| of what is not negative, | |x| |, functions of their own result
struct UnaryIdentity : OpRewritePattern<nn::UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::UnaryOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<nn::UnaryOp>();
    bool isSame = inner && inner.getKind() == op.getKind();
    switch (op.getKind()) {
    case nn::UnaryKind::Neg:
    case nn::UnaryKind::Not:
      if (!isSame)
        return rewriter.notifyMatchFailure(op, "is no double negation");
      rewriter.replaceOp(op, inner.getX());
      return success();
    case nn::UnaryKind::Abs:
      if (!isSame && !(rangeOf(op.getX()).low >= 0))
        return rewriter.notifyMatchFailure(op, "the operand may be negative");
      rewriter.replaceOp(op, op.getX());
      return success();
    case nn::UnaryKind::LeakyRelu:
      if (!(rangeOf(op.getX()).low >= 0) && op.getAlpha().convertToFloat() != 1.0f)
        return rewriter.notifyMatchFailure(op, "the operand may be negative");
      rewriter.replaceOp(op, op.getX());
      return success();
    case nn::UnaryKind::Floor:
    case nn::UnaryKind::Ceil:
    case nn::UnaryKind::Round:
    case nn::UnaryKind::Sign:
      if (!isSame)
        return rewriter.notifyMatchFailure(op, "the operand is not the result of the same function");
      rewriter.replaceOp(op, op.getX());
      return success();
    default:
      return rewriter.notifyMatchFailure(op, "is a function that always does something");
    }
  }
};

} // namespace

void simplify::addElementwiseNoOpPatterns(RewritePatternSet &patterns) {
  patterns.add<BinaryIdentity, MinMaxToClamp, Clamp, UnaryIdentity>(patterns.getContext());
}
