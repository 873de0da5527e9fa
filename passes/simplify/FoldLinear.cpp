// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-fold-linear: affine functions with constants become part of the weights next to them.
#include "passes/simplify/LinearPatterns.h"
#include "passes/simplify/Simplify.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_FOLDLINEAR
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

// Weights [channels][anything] and bias of a convolution or fully connected layer, in double.
struct Weighted {
  std::vector<double> weights, bias;
  size_t channels, depth;

  template <typename Op> static FailureOr<Weighted> read(Op op) {
    FailureOr<ConstantData> w = ConstantData::get(op.getWeights());
    if (failed(w) || !isF32(op.getWeights()) || w->size() == 0)
      return failure();
    Weighted result;
    result.weights = Coefficients::of(*w).values;
    result.channels = size_t(shapeOf(op.getWeights())[0]);
    result.depth = result.weights.size() / result.channels;
    result.bias.resize(result.channels);
    if (!op.getBias())
      return result;
    FailureOr<ConstantData> b = ConstantData::get(op.getBias());
    if (failed(b))
      return failure();
    result.bias = Coefficients::of(*b).values;
    return result;
  }

  bool isFinite() const { return Coefficients{{}, weights}.areFinite() && Coefficients{{}, bias}.areFinite(); }
};

Value narrowed(PatternRewriter &rewriter, Location loc, ShapeRef shape, ArrayRef<double> values) {
  std::vector<float> floats(values.begin(), values.end());
  return makeFloats(rewriter, loc, shape, floats);
}

// Replaces weights, bias and operand. A bias of zeros is left out.
template <typename Op> void update(Op op, Value x, const Weighted &weighted, bool weightsChange, PatternRewriter &rewriter) {
  Value weights = op.getWeights(), bias;
  if (weightsChange)
    weights = narrowed(rewriter, weights.getLoc(), shapeOf(weights), weighted.weights);
  if (llvm::any_of(weighted.bias, [](double value) { return value != 0; }))
    bias = narrowed(rewriter, op.getBias() ? op.getBias().getLoc() : op.getLoc(), {int64_t(weighted.channels)}, weighted.bias);
  rewriter.modifyOpInPlace(op, [&] {
    op.getXMutable().assign(x);
    op.getWeightsMutable().assign(weights);
    if (bias)
      op.getBiasMutable().assign(bias);
    else
      op.getBiasMutable().clear();
  });
}

template <typename Op> LogicalResult checkWeights(Op op, bool weightsChange, PatternRewriter &rewriter) {
  if (weightsChange && !op.getWeights().hasOneUse())
    return rewriter.notifyMatchFailure(op, "the weights are shared with another layer");
  return success();
}

// scale * (w * x + b) + shift
template <typename Op> struct AfterWeighted : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!isF32(op.getX()) || op.getActMin() || op.getActMax())
      return rewriter.notifyMatchFailure(op, "is quantized or has a clamp");
    int64_t channels = shapeOf(op.getY()).back();
    AffineChain chain = followUses(op.getY(), [&](const AffineStep &step) {
      return step.function.scale.fitTrailing({channels}) && step.function.shift.fitTrailing({channels});
    });
    if (chain.steps.empty())
      return rewriter.notifyMatchFailure(op, "the only user is no operation with a constant for each output channel");
    FailureOr<Weighted> weighted = Weighted::read(op);
    if (failed(weighted))
      return rewriter.notifyMatchFailure(op, "weights or bias are not constant");
    std::vector<double> scale = chain.function.scale.expandedTo({channels}),
                        shift = chain.function.shift.expandedTo({channels});
    for (size_t o = 0; o < weighted->channels; ++o) {
      for (size_t i = 0; i < weighted->depth; ++i)
        weighted->weights[o * weighted->depth + i] *= scale[o];
      weighted->bias[o] = weighted->bias[o] * scale[o] + shift[o];
    }
    if (!weighted->isFinite())
      return rewriter.notifyMatchFailure(op, "the folded weights would not be finite");
    bool weightsChange = !chain.function.scale.areAll(1);
    if (failed(checkWeights(op, weightsChange, rewriter)))
      return failure();

    update(op, op.getX(), *weighted, weightsChange, rewriter);
    SmallVector<Location> locations = {op.getLoc()};
    for (const AffineStep &step : chain.steps)
      locations.push_back(step.op->getLoc());
    auto act = getClamp(chain.steps.back());
    rewriter.modifyOpInPlace(op, [&] {
      op->setLoc(rewriter.getFusedLoc(locations));
      op.setActMinAttr(clampAttr(rewriter, act.first));
      op.setActMaxAttr(clampAttr(rewriter, act.second));
    });
    // The steps have one use each, so they die from the last to the first.
    rewriter.replaceOp(chain.steps.back().op, op.getY());
    return success();
  }
};

// Which input channel weight `index` of output channel `o` multiplies, and whether a border of zeros reaches the operation.
struct InputView {
  int64_t channels, groups, channelsPerGroup;
  bool isPadded;
  int64_t channelOf(size_t o, size_t outputs, size_t index) const {
    int64_t group = int64_t(o) / (int64_t(outputs) / groups);
    return group * channelsPerGroup + int64_t(index) % channelsPerGroup;
  }
};

InputView inputOf(nn::FullyConnectedOp op) {
  int64_t depth = shapeOf(op.getX())[1];
  return {depth, 1, depth, false};
}
InputView inputOf(nn::Conv2DOp op) {
  int64_t channels = shapeOf(op.getX())[3], groups = int64_t(op.getGroups());
  return {channels, groups, channels / groups, llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; })};
}

// True if `user` can take a function of the operand `x` into weights that are its own.
bool canTake(Operation *user, Value x, bool isShifted) {
  auto check = [&](auto op) {
    return op.getX() == x && isF32(x) && isConstant(op.getWeights()) && op.getWeights().hasOneUse() &&
           (!op.getBias() || isConstant(op.getBias())) && !(isShifted && inputOf(op).isPadded);
  };
  if (auto conv = dyn_cast<nn::Conv2DOp>(user))
    return check(conv);
  auto fullyConnected = dyn_cast<nn::FullyConnectedOp>(user);
  return fullyConnected && check(fullyConnected);
}

// w * (scale * x + shift) + b
template <typename Op> struct BeforeWeighted : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!isF32(op.getX()))
      return rewriter.notifyMatchFailure(op, "is quantized");
    InputView input = inputOf(op);
    Affine function;
    Value x = op.getX();
    while (true) {
      std::optional<AffineStep> step = getAffineStep(x.getDefiningOp());
      // The step disappears if all layers that read its result, or the one step that does, take it.
      bool isShifted = step && !step->function.shift.areAll(0);
      bool disappears =
          x.hasOneUse() ||
          (x == op.getX() && llvm::all_of(x.getUsers(), [&](Operation *user) { return canTake(user, x, isShifted); }));
      if (!step || !disappears || step->hasClamp || step->x.getType() != x.getType() ||
          !step->function.scale.fitTrailing({input.channels}) || !step->function.shift.fitTrailing({input.channels}))
        break;
      FailureOr<Affine> longer = step->function.then(function);
      // Padding is zero in front of the function as well as behind it, so the function must map zero to zero.
      if (failed(longer) || (input.isPadded && !longer->shift.areAll(0)))
        break;
      function = std::move(*longer);
      x = step->x;
    }
    if (x == op.getX())
      return rewriter.notifyMatchFailure(op,
                                         "no operation with a constant for each channel is in front, or it moves the padding");
    FailureOr<Weighted> weighted = Weighted::read(op);
    if (failed(weighted))
      return rewriter.notifyMatchFailure(op, "weights or bias are not constant");
    std::vector<double> scale = function.scale.expandedTo({input.channels}),
                        shift = function.shift.expandedTo({input.channels});
    for (size_t o = 0; o < weighted->channels; ++o)
      for (size_t i = 0; i < weighted->depth; ++i) {
        size_t channel = size_t(input.channelOf(o, weighted->channels, i));
        double &weight = weighted->weights[o * weighted->depth + i];
        weighted->bias[o] += weight * shift[channel];
        weight *= scale[channel];
      }
    if (!weighted->isFinite())
      return rewriter.notifyMatchFailure(op, "the folded weights would not be finite");
    bool weightsChange = !function.scale.areAll(1);
    if (failed(checkWeights(op, weightsChange, rewriter)))
      return failure();
    update(op, x, *weighted, weightsChange, rewriter);
    return success();
  }
};

// scale * (s * normalized + b) + shift
struct AfterLayerNorm : OpRewritePattern<nn::LayerNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::LayerNormOp op, PatternRewriter &rewriter) const override {
    FailureOr<ConstantData> s = ConstantData::get(op.getScale()), b = ConstantData::get(op.getBias());
    if (failed(s) || failed(b))
      return rewriter.notifyMatchFailure(op, "scale or bias is not constant");
    ShapeRef dims = shapeOf(op.getScale());
    AffineChain chain = followUses(op.getY(), [&](const AffineStep &step) {
      return !step.hasClamp && step.function.scale.fitTrailing(dims) && step.function.shift.fitTrailing(dims);
    });
    if (chain.steps.empty())
      return rewriter.notifyMatchFailure(op, "the only user is no operation with a constant for each normalized element");
    std::vector<double> scale = chain.function.scale.expandedTo(dims), shift = chain.function.shift.expandedTo(dims);
    Coefficients newScale = Coefficients::of(*s), newBias = Coefficients::of(*b);
    for (size_t i = 0; i < scale.size(); ++i) {
      newScale.values[i] *= scale[i];
      newBias.values[i] = newBias.values[i] * scale[i] + shift[i];
    }
    if (!newScale.areFinite() || !newBias.areFinite())
      return rewriter.notifyMatchFailure(op, "the folded scale and bias would not be finite");
    SmallVector<Location> locations = {op.getLoc()};
    for (const AffineStep &step : chain.steps)
      locations.push_back(step.op->getLoc());
    Value scaleValue = narrowed(rewriter, op.getScale().getLoc(), dims, newScale.values);
    Value biasValue = narrowed(rewriter, op.getBias().getLoc(), dims, newBias.values);
    rewriter.modifyOpInPlace(op, [&] {
      op.getScaleMutable().assign(scaleValue);
      op.getBiasMutable().assign(biasValue);
      op->setLoc(rewriter.getFusedLoc(locations));
    });
    rewriter.replaceOp(chain.steps.back().op, op.getY());
    return success();
  }
};

struct FoldLinear : simplify::impl::FoldLinearBase<FoldLinear> {
  void runOnOperation() override {
    // A product in front of an addition is more use in the weights than merged with other products, so this comes first.
    RewritePatternSet folds(&getContext());
    folds.add<AfterWeighted<nn::Conv2DOp>, AfterWeighted<nn::FullyConnectedOp>, BeforeWeighted<nn::Conv2DOp>,
              BeforeWeighted<nn::FullyConnectedOp>, AfterLayerNorm>(&getContext());
    applyGreedily(getOperation(), std::move(folds));
    RewritePatternSet merges(&getContext());
    addMergePatterns(merges);
    applyGreedily(getOperation(), std::move(merges));
  }
};

} // namespace
