// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layer normalization and softmax that exporters spell out.
#include "passes/simplify/CompositePatterns.h"
#include "passes/simplify/Support.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace {

nn::BinaryOp binaryOf(Value value, nn::BinaryKind kind) {
  auto op = value.getDefiningOp<nn::BinaryOp>();
  return op && op.getKind() == kind && isF32(value) && !op.getActMin() && !op.getActMax() ? op : nullptr;
}

nn::UnaryOp unaryOf(Value value, nn::UnaryKind kind) {
  auto op = value.getDefiningOp<nn::UnaryOp>();
  return op && op.getKind() == kind && isF32(value) ? op : nullptr;
}

nn::ReduceOp reduceOf(Value value, nn::ReduceKind kind) {
  auto op = value.getDefiningOp<nn::ReduceOp>();
  return op && op.getKind() == kind && op.getKeepDims() && isF32(value) ? op : nullptr;
}

// True if nothing but the `count` operands of the recognized operations uses `value`: otherwise it would be computed twice.
bool isInner(Value value, unsigned count) { return size_t(std::distance(value.use_begin(), value.use_end())) <= count; }

// The operands of a sum or product in both orders.
std::array<std::pair<Value, Value>, 2> orders(nn::BinaryOp op) {
  return {std::pair(op.getA(), op.getB()), std::pair(op.getB(), op.getA())};
}

// The first normalized dimension, if `axes` are all from one on.
std::optional<int64_t> trailingAxis(ArrayRef<int64_t> axes, size_t rank) {
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis != int64_t(rank - axes.size() + i))
      return std::nullopt;
  return axes.empty() ? std::nullopt : std::optional(axes.front());
}

// x and its mean over trailing dimensions.
struct Moments {
  Value x;
  ArrayRef<int64_t> axes;
};

// `value` = x - mean(x)
std::optional<Moments> centered(Value value) {
  nn::BinaryOp sub = binaryOf(value, nn::BinaryKind::Sub);
  nn::ReduceOp mean = sub ? reduceOf(sub.getB(), nn::ReduceKind::Mean) : nullptr;
  if (!mean || mean.getX() != sub.getA())
    return std::nullopt;
  return Moments{sub.getA(), mean.getAxes()};
}

// `value` = sqrt(mean((x - mean(x))^2) + epsilon), for these x and axes
std::optional<double> deviationOf(Value value, const Moments &moments) {
  nn::UnaryOp root = unaryOf(value, nn::UnaryKind::Sqrt);
  nn::BinaryOp sum = root ? binaryOf(root.getX(), nn::BinaryKind::Add) : nullptr;
  if (!sum)
    return std::nullopt;
  for (auto [variance, epsilon] : orders(sum)) {
    nn::ReduceOp mean = reduceOf(variance, nn::ReduceKind::Mean);
    nn::BinaryOp square = mean ? binaryOf(mean.getX(), nn::BinaryKind::Mul) : nullptr;
    std::optional<double> number = splatOf(epsilon);
    if (!square || !number || mean.getAxes() != moments.axes)
      continue;
    std::optional<Moments> a = centered(square.getA()), b = centered(square.getB());
    if (a && b && a->x == moments.x && b->x == moments.x && a->axes == moments.axes && b->axes == moments.axes)
      return number;
  }
  return std::nullopt;
}

// `value` = 1 / deviation
std::optional<double> inverseDeviationOf(Value value, const Moments &moments) {
  nn::UnaryOp reciprocal = unaryOf(value, nn::UnaryKind::Reciprocal);
  return reciprocal ? deviationOf(reciprocal.getX(), moments) : std::nullopt;
}

FailureOr<Value> makeLayerNorm(Operation *op, const Moments &moments, double epsilon, PatternRewriter &rewriter,
                               bool rms = false) {
  std::optional<int64_t> axis = trailingAxis(moments.axes, shapeOf(moments.x).size());
  if (!axis)
    return rewriter.notifyMatchFailure(op, "the normalized dimensions are not the last ones");
  ShapeRef dims = shapeOf(moments.x).drop_front(size_t(*axis));
  size_t count = 1;
  for (int64_t dim : dims)
    count *= size_t(dim);
  Value scale = makeFloats(rewriter, op->getLoc(), dims, std::vector<float>(count, 1.0f));
  Value bias = makeFloats(rewriter, op->getLoc(), dims, std::vector<float>(count, 0.0f));
  return rewriter.create<nn::LayerNormOp>(op->getLoc(), moments.x, scale, bias, *axis, APFloat(float(epsilon)), rms).getY();
}

// (x - mean) / deviation, (x - mean) * (1 / deviation). Scale and bias are folded in by thimble-simplify-fold-linear.
struct LayerNorm : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    if (!binaryOf(op.getY(), nn::BinaryKind::Div) && !binaryOf(op.getY(), nn::BinaryKind::Mul))
      return rewriter.notifyMatchFailure(op, "is no product or quotient of floats");
    bool isQuotient = op.getKind() == nn::BinaryKind::Div;
    for (auto [difference, divisor] : orders(op)) {
      std::optional<Moments> moments = centered(difference);
      if (moments) {
        std::optional<double> epsilon = isQuotient ? deviationOf(divisor, *moments) : inverseDeviationOf(divisor, *moments);
        // The difference is used by the quotient and twice by the square.
        if (epsilon && isInner(divisor, 1) && isInner(difference, 3) && op.getY().getType() == moments->x.getType()) {
          FailureOr<Value> y = makeLayerNorm(op, *moments, *epsilon, rewriter);
          if (failed(y))
            return failure();
          rewriter.replaceOp(op, *y);
          return success();
        }
      }
      if (isQuotient)
        break;
    }
    return rewriter.notifyMatchFailure(op, "is no difference to the mean over the deviation");
  }
};

// x / sqrt(mean(x^2) + epsilon), x * (1 / sqrt(mean(x^2) + epsilon)). The scale is folded in by thimble-simplify-fold-linear.
struct RmsNorm : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    bool isQuotient = op.getKind() == nn::BinaryKind::Div;
    if (!binaryOf(op.getY(), isQuotient ? nn::BinaryKind::Div : nn::BinaryKind::Mul))
      return rewriter.notifyMatchFailure(op, "is no product or quotient of floats");
    for (auto [x, divisor] : orders(op)) {
      nn::UnaryOp reciprocal = isQuotient ? nullptr : unaryOf(divisor, nn::UnaryKind::Reciprocal);
      nn::UnaryOp root =
          isQuotient || reciprocal ? unaryOf(reciprocal ? reciprocal.getX() : divisor, nn::UnaryKind::Sqrt) : nullptr;
      nn::BinaryOp sum = root ? binaryOf(root.getX(), nn::BinaryKind::Add) : nullptr;
      if (sum && isInner(divisor, 1) && op.getY().getType() == x.getType())
        for (auto [square, epsilon] : orders(sum)) {
          nn::ReduceOp mean = reduceOf(square, nn::ReduceKind::Mean);
          nn::BinaryOp product = mean ? binaryOf(mean.getX(), nn::BinaryKind::Mul) : nullptr;
          std::optional<double> number = splatOf(epsilon);
          if (product && number && product.getA() == x && product.getB() == x) {
            FailureOr<Value> y = makeLayerNorm(op, {x, mean.getAxes()}, *number, rewriter, /*rms=*/true);
            if (failed(y))
              return failure();
            rewriter.replaceOp(op, *y);
            return success();
          }
        }
      if (isQuotient)
        break;
    }
    return rewriter.notifyMatchFailure(op, "is no number over the root of the mean square");
  }
};

// x * f + (beta - mean * f) with f = gamma / deviation: as TensorFlow writes it.
struct FactoredLayerNorm : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    if (!binaryOf(op.getY(), nn::BinaryKind::Add))
      return rewriter.notifyMatchFailure(op, "is no sum of floats");
    for (auto [left, right] : orders(op)) {
      nn::BinaryOp scaled = binaryOf(left, nn::BinaryKind::Mul), shift = binaryOf(right, nn::BinaryKind::Sub);
      nn::BinaryOp scaledMean = shift ? binaryOf(shift.getB(), nn::BinaryKind::Mul) : nullptr;
      if (!scaled || !scaledMean || !isConstant(shift.getA()) || !isInner(left, 1) || !isInner(right, 1))
        continue;
      for (auto [x, factor] : orders(scaled))
        for (auto [center, other] : orders(scaledMean)) {
          nn::ReduceOp mean = reduceOf(center, nn::ReduceKind::Mean);
          if (other == factor && mean && mean.getX() == x && isInner(factor, 2) && x.getType() == op.getY().getType())
            return rewrite(op, {x, mean.getAxes()}, factor, shift.getA(), rewriter);
        }
    }
    return rewriter.notifyMatchFailure(op, "is no factored layer normalization");
  }

  static LogicalResult rewrite(nn::BinaryOp op, const Moments &moments, Value factor, Value beta, PatternRewriter &rewriter) {
    Value gamma;
    std::optional<double> epsilon = inverseDeviationOf(factor, moments);
    if (nn::BinaryOp product = binaryOf(factor, nn::BinaryKind::Mul); product && !epsilon)
      for (auto [inverse, scale] : orders(product))
        if (isConstant(scale) && (epsilon = inverseDeviationOf(inverse, moments))) {
          gamma = scale;
          break;
        }
    if (!epsilon)
      return rewriter.notifyMatchFailure(op, "the factor is no inverse deviation");
    FailureOr<Value> y = makeLayerNorm(op, moments, *epsilon, rewriter);
    if (failed(y))
      return failure();
    Value result = *y;
    if (gamma)
      result = rewriter.create<nn::BinaryOp>(op.getLoc(), nn::BinaryKind::Mul, result, gamma, FloatAttr(), FloatAttr());
    rewriter.replaceOpWithNewOp<nn::BinaryOp>(op, nn::BinaryKind::Add, result, beta, FloatAttr(), FloatAttr());
    return success();
  }
};

// What exp(z) is the softmax of: x if z = x - max(x) along `axis`, else z itself.
Value softmaxInput(Value z, int64_t axis) {
  nn::BinaryOp sub = binaryOf(z, nn::BinaryKind::Sub);
  nn::ReduceOp max = sub ? reduceOf(sub.getB(), nn::ReduceKind::Max) : nullptr;
  bool isShifted = max && max.getX() == sub.getA() && max.getAxes() == ArrayRef<int64_t>{axis};
  return isShifted ? sub.getA() : z;
}

// The axis of `sum` = sum(exp(z)), and exp(z).
std::optional<std::pair<nn::UnaryOp, int64_t>> sumOfExp(Value value) {
  nn::ReduceOp sum = reduceOf(value, nn::ReduceKind::Sum);
  nn::UnaryOp exp = sum ? unaryOf(sum.getX(), nn::UnaryKind::Exp) : nullptr;
  if (!exp || sum.getAxes().size() != 1)
    return std::nullopt;
  return std::pair(exp, sum.getAxes()[0]);
}

// exp(z) / sum(exp(z)), also as a product with a reciprocal
struct Softmax : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    if (!binaryOf(op.getY(), nn::BinaryKind::Div) && !binaryOf(op.getY(), nn::BinaryKind::Mul))
      return rewriter.notifyMatchFailure(op, "is no product or quotient of floats");
    for (auto [numerator, denominator] : orders(op)) {
      bool isQuotient = op.getKind() == nn::BinaryKind::Div;
      nn::UnaryOp reciprocal = isQuotient ? nullptr : unaryOf(denominator, nn::UnaryKind::Reciprocal);
      if (isQuotient || reciprocal) {
        auto sum = sumOfExp(isQuotient ? denominator : reciprocal.getX());
        if (sum && sum->first.getY() == numerator && isInner(numerator, 2) && isInner(denominator, 1)) {
          rewriter.replaceOpWithNewOp<nn::SoftmaxOp>(op, softmaxInput(sum->first.getX(), sum->second), sum->second, false);
          return success();
        }
      }
      if (isQuotient)
        break;
    }
    return rewriter.notifyMatchFailure(op, "is no exponential over the sum of exponentials");
  }
};

// z - log(sum(exp(z)))
struct SpelledLogSoftmax : OpRewritePattern<nn::BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::BinaryOp op, PatternRewriter &rewriter) const override {
    nn::UnaryOp log = binaryOf(op.getY(), nn::BinaryKind::Sub) ? unaryOf(op.getB(), nn::UnaryKind::Log) : nullptr;
    auto sum = log ? sumOfExp(log.getX()) : std::nullopt;
    if (!sum || sum->first.getX() != op.getA() || !isInner(log.getY(), 1))
      return rewriter.notifyMatchFailure(op, "is no difference to the logarithm of the sum of exponentials");
    rewriter.replaceOpWithNewOp<nn::SoftmaxOp>(op, softmaxInput(op.getA(), sum->second), sum->second, true);
    return success();
  }
};

// log(softmax(x))
struct LogOfSoftmax : OpRewritePattern<nn::UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::UnaryOp op, PatternRewriter &rewriter) const override {
    auto softmax = op.getX().getDefiningOp<nn::SoftmaxOp>();
    if (op.getKind() != nn::UnaryKind::Log || !softmax || softmax.getLog() || !isF32(op.getX()) || !isInner(op.getX(), 1))
      return rewriter.notifyMatchFailure(op, "is no logarithm of a softmax without other users");
    Location loc = rewriter.getFusedLoc({softmax.getLoc(), op.getLoc()});
    Value y = rewriter.create<nn::SoftmaxOp>(loc, softmax.getX(), softmax.getAxis(), true);
    rewriter.replaceOp(op, y);
    return success();
  }
};

} // namespace

void simplify::addNormalizationPatterns(RewritePatternSet &patterns) {
  patterns.add<LayerNorm, FactoredLayerNorm, RmsNorm, Softmax, SpelledLogSoftmax, LogOfSoftmax>(patterns.getContext());
}
