// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Activation functions that exporters spell out.
#include "passes/simplify/CompositePatterns.h"
#include "passes/simplify/Polynomial.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace {

LogicalResult replaceByUnary(Operation *op, nn::UnaryKind kind, Value x, PatternRewriter &rewriter, double alpha = 0,
                             double beta = 0) {
  rewriter.replaceOpWithNewOp<nn::UnaryOp>(op, kind, x, APFloat(float(alpha)), APFloat(float(beta)));
  return success();
}

nn::UnaryOp unaryOf(Value value, nn::UnaryKind kind) {
  auto op = value.getDefiningOp<nn::UnaryOp>();
  return op && op.getKind() == kind ? op : nullptr;
}

// The function `kind` of which `value` is an affine function with splat constants.
nn::UnaryOp unaryBehind(Value value, nn::UnaryKind kind) { return unaryOf(baseOf(value), kind); }

// x times a function of x: GELU, SiLU, hard swish.
struct SelfGated : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  // factor * gate, where gate = 1/2 + 1/2 erf(x / sqrt 2)
  static bool isErfGate(Value gate, Value x, double factor) {
    nn::UnaryOp erf = unaryBehind(gate, nn::UnaryKind::Erf);
    if (!erf || !erf.getY().hasOneUse())
      return false;
    std::optional<Polynomial> outer = polynomialOf(gate, erf.getY()), inner = polynomialOf(erf.getX(), x);
    return outer && inner && isNear(outer->c[0] * factor, 0.5) && isNear(outer->c[1] * factor, 0.5) &&
           inner->isNear({0, std::sqrt(0.5)});
  }

  // factor * gate, where gate = 1/2 + 1/2 tanh(sqrt(2 / pi) (x + 0.044715 x^3))
  static bool isTanhGate(Value gate, Value x, double factor) {
    nn::UnaryOp tanh = unaryBehind(gate, nn::UnaryKind::Tanh);
    if (!tanh || !tanh.getY().hasOneUse())
      return false;
    std::optional<Polynomial> outer = polynomialOf(gate, tanh.getY()), inner = polynomialOf(tanh.getX(), x);
    double slope = std::sqrt(2 / M_PI);
    return outer && inner && isNear(outer->c[0] * factor, 0.5) && isNear(outer->c[1] * factor, 0.5) &&
           inner->isNear({0, slope, 0, slope * 0.044715});
  }

  static bool isSigmoidGate(Value gate, Value x, double factor) {
    nn::UnaryOp sigmoid = unaryOf(gate, nn::UnaryKind::Sigmoid);
    return sigmoid && sigmoid.getX() == x && factor == 1;
  }

  // factor * gate, where gate = min(max(x / 6 + 1/2, 0), 1)
  static bool isHardGate(Value gate, Value x, double factor) {
    if (nn::UnaryOp hard = unaryOf(gate, nn::UnaryKind::HardSigmoid))
      return hard.getX() == x && isNear(factor, 1) && isNear(hard.getAlpha().convertToFloat(), 1.0 / 6) &&
             isNear(hard.getBeta().convertToFloat(), 0.5);
    std::optional<Clamped> clamp = clampOf(gate);
    if (!clamp || clamp->low != 0 || !isNear(clamp->high * factor, 1))
      return false;
    std::optional<Polynomial> inner = polynomialOf(clamp->inner, x, clamp->isOwnClamp);
    return inner && inner->isNear({0.5 / factor, 1 / (6 * factor)});
  }

  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    if (!isF32(op.getY()) || (op.getKind() != nn::BinaryKind::Mul && op.getKind() != nn::BinaryKind::Div) || op.getActMin() ||
        op.getActMax())
      return rewriter.notifyMatchFailure(op, "is no product of floats");
    Product product = productOf(op.getY());
    if (product.values.size() != 2)
      return rewriter.notifyMatchFailure(op, "has not two factors");
    for (int i = 0; i < 2; ++i) {
      Value x = product.values[i], gate = product.values[1 - i];
      if (x.getType() != op.getY().getType() || gate.getType() != x.getType() || !gate.hasOneUse())
        continue;
      if (isErfGate(gate, x, product.factor))
        return replaceByUnary(op, nn::UnaryKind::Gelu, x, rewriter);
      if (isTanhGate(gate, x, product.factor))
        return replaceByUnary(op, nn::UnaryKind::GeluTanh, x, rewriter);
      if (isSigmoidGate(gate, x, product.factor))
        return replaceByUnary(op, nn::UnaryKind::Silu, x, rewriter);
      if (isHardGate(gate, x, product.factor))
        return replaceByUnary(op, nn::UnaryKind::HardSwish, x, rewriter);
    }
    return rewriter.notifyMatchFailure(op, "no factor is a known function of the other one");
  }
};

// factor * min(max(a + b x, 0), 1 / factor)
struct HardSigmoid : RewritePattern {
  explicit HardSigmoid(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<nn::UnaryOp, nn::BinaryOp>(op))
      return rewriter.notifyMatchFailure(op, "is not elementwise");
    Value y = op->getResult(0);
    Product product = productOf(y);
    std::optional<Clamped> clamp = product.values.size() == 1 ? clampOf(product.values[0]) : std::nullopt;
    if (!clamp || clamp->low != 0 || !isNear(clamp->high * product.factor, 1))
      return rewriter.notifyMatchFailure(op, "is no clamp to [0, 1]");
    bool isScaled = product.values[0] != y;
    if (isScaled && !product.values[0].hasOneUse())
      return rewriter.notifyMatchFailure(op, "the clamp has other users");
    Value x = baseOf(clamp->inner, clamp->isOwnClamp);
    std::optional<Polynomial> inner = polynomialOf(clamp->inner, x, clamp->isOwnClamp);
    if (!inner || x.getType() != y.getType() || inner->c[1] == 0 || inner->c[2] != 0 || inner->c[3] != 0)
      return rewriter.notifyMatchFailure(op, "what is clamped is no affine function of a tensor");
    // The affine function and the clamp are better off in the operation in front, if it can take them.
    Operation *producer = x.getDefiningOp();
    bool isFusible = producer && isa<nn::Conv2DOp, nn::FullyConnectedOp>(producer) && x.hasOneUse();
    if (!isScaled && (isFusible || inner->isNear({0, 1}) || clamp->isOwnClamp))
      return rewriter.notifyMatchFailure(op, "is one operation already, or will be");
    return replaceByUnary(op, nn::UnaryKind::HardSigmoid, x, rewriter, inner->c[1] * product.factor,
                          inner->c[0] * product.factor);
  }
};

// True if `value` is 1 + exp(sign * x); sets x.
bool isOnePlusExp(Value value, double sign, Value &x) {
  nn::UnaryOp exp = unaryBehind(value, nn::UnaryKind::Exp);
  if (!exp || !exp.getY().hasOneUse())
    return false;
  std::optional<Polynomial> outer = polynomialOf(value, exp.getY());
  if (!outer || !outer->isNear({1, 1}))
    return false;
  x = exp.getX();
  if (sign > 0)
    return true;
  x = baseOf(x);
  std::optional<Polynomial> inner = polynomialOf(exp.getX(), x);
  return inner && inner->c[0] == 0 && inner->c[1] == sign && x.getType() == value.getType();
}

// 1 / (1 + exp(-x)), log(1 + exp(x))
struct LogisticFunctions : OpRewritePattern<nn::UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::UnaryOp op, PatternRewriter &rewriter) const override {
    Value x;
    if (!isF32(op.getX()) || !op.getX().hasOneUse())
      return rewriter.notifyMatchFailure(op, "the operand has other users");
    if (op.getKind() == nn::UnaryKind::Reciprocal && isOnePlusExp(op.getX(), -1, x))
      return replaceByUnary(op, nn::UnaryKind::Sigmoid, x, rewriter);
    if (op.getKind() == nn::UnaryKind::Log && isOnePlusExp(op.getX(), 1, x))
      return replaceByUnary(op, nn::UnaryKind::Softplus, x, rewriter);
    return rewriter.notifyMatchFailure(op, "is no sigmoid and no softplus");
  }
};

// x / (1 + exp(-x)); max(x, a x) with 0 < a < 1; prelu with one slope for all channels
struct BinaryForms : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    Value a = op.getA(), b = op.getB(), x;
    if (!isF32(a) || a.getType() != op.getY().getType() || op.getActMin() || op.getActMax())
      return rewriter.notifyMatchFailure(op, "is no function of one tensor of floats");
    if (op.getKind() == nn::BinaryKind::PRelu)
      if (std::optional<double> slope = splatOf(b))
        return replaceByUnary(op, nn::UnaryKind::LeakyRelu, a, rewriter, *slope);
    if (op.getKind() == nn::BinaryKind::Div && b.hasOneUse() && isOnePlusExp(b, -1, x) && x == a)
      return replaceByUnary(op, nn::UnaryKind::Silu, x, rewriter);
    if (op.getKind() == nn::BinaryKind::Max && a.getType() == b.getType())
      for (auto [whole, part] : {std::pair(a, b), std::pair(b, a)}) {
        std::optional<Polynomial> inner = polynomialOf(part, whole);
        bool isScaled = inner && inner->c[0] == 0 && inner->c[1] > 0 && inner->c[1] < 1 && inner->c[2] == 0 && inner->c[3] == 0;
        if (isScaled && part.hasOneUse())
          return replaceByUnary(op, nn::UnaryKind::LeakyRelu, whole, rewriter, inner->c[1]);
      }
    return rewriter.notifyMatchFailure(op, "is no SiLU and no leaky ReLU");
  }
};

} // namespace

void simplify::addActivationPatterns(RewritePatternSet &patterns) {
  patterns.add<SelfGated, HardSigmoid, LogisticFunctions, BinaryForms>(patterns.getContext());
}
