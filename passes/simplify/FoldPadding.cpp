// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-fold-padding: nn.pad becomes the pads of a convolution or of a pooling.
#include "passes/simplify/Ranges.h"
#include "passes/simplify/Simplify.h"
#include "passes/simplify/Support.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_FOLDPADDING
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

bool isNegative(int64_t pad) { return pad < 0; }

// A constant border of height and width of an NHWC image, which crops nothing.
bool isSpatial(nn::PadOp pad) {
  ArrayRef<int64_t> before = pad.getBefore(), after = pad.getAfter();
  return pad.getMode() == nn::PadMode::Constant && before.size() == 4 && before[0] == 0 && after[0] == 0 && before[3] == 0 &&
         after[3] == 0 && llvm::none_of(before, isNegative) && llvm::none_of(after, isNegative);
}

Shape mergedPads(nn::PadOp pad, ArrayRef<int64_t> own) {
  return {own[0] + pad.getBefore()[1], own[1] + pad.getBefore()[2], own[2] + pad.getAfter()[1], own[3] + pad.getAfter()[2]};
}

struct IntoConvolution : OpRewritePattern<nn::Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::Conv2DOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getX().getDefiningOp<nn::PadOp>();
    if (!pad || !isSpatial(pad))
      return rewriter.notifyMatchFailure(op, "no constant border of height and width is in front");
    if (pad.getValue().convertToDouble() != 0)
      return rewriter.notifyMatchFailure(op, "the border is not zero");
    Shape pads = mergedPads(pad, op.getPads());
    Location loc = rewriter.getFusedLoc({op.getLoc(), pad.getLoc()});
    rewriter.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(pad.getX());
      op.setPads(pads);
      op->setLoc(loc);
    });
    return success();
  }
};

// True if a window without any element of the image exists along a dimension.
bool hasEmptyWindow(int64_t size, int64_t outputs, int64_t kernel, int64_t stride, int64_t dilation, int64_t before) {
  for (int64_t o = 0; o < outputs; ++o) {
    bool isEmpty = true;
    for (int64_t k = 0; k < kernel && isEmpty; ++k) {
      int64_t position = o * stride - before + k * dilation;
      isEmpty = position < 0 || position >= size;
    }
    if (isEmpty)
      return true;
  }
  return false;
}

struct IntoPool : OpRewritePattern<nn::Pool2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult checkMax(nn::Pool2DOp op, nn::PadOp pad, ArrayRef<int64_t> pads, PatternRewriter &rewriter) const {
    double value = pad.getValue().convertToDouble(), infinity = std::numeric_limits<double>::infinity();
    if (value == -infinity)
      return success();
    // The lowest float stands for minus infinity in some exports; what it hides is an input of minus infinity itself.
    bool isLowest = value <= -double(std::numeric_limits<float>::max());
    if (!isLowest && value > rangeOf(pad.getX()).low)
      return rewriter.notifyMatchFailure(op, "the border could be the maximum");
    ShapeRef x = shapeOf(pad.getX()), y = shapeOf(op.getY());
    for (int d = 0; d < 2; ++d)
      if (hasEmptyWindow(x[d + 1], y[d + 1], op.getKernel()[d], op.getStrides()[d], op.getDilations()[d], pads[d]))
        return rewriter.notifyMatchFailure(op, "a window lies in the border alone");
    return success();
  }

  LogicalResult checkAverage(nn::Pool2DOp op, nn::PadOp pad, PatternRewriter &rewriter) const {
    if (pad.getValue().convertToDouble() != 0)
      return rewriter.notifyMatchFailure(op, "the border is not zero");
    // The border counts as image; the pooling's own pads do not unless it says so.
    if (!op.getCountIncludePad() && llvm::any_of(op.getPads(), [](int64_t own) { return own != 0; }))
      return rewriter.notifyMatchFailure(op, "the border is part of the average, the pooling's own pads are not");
    return success();
  }

  LogicalResult matchAndRewrite(nn::Pool2DOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getX().getDefiningOp<nn::PadOp>();
    if (!pad || !isSpatial(pad))
      return rewriter.notifyMatchFailure(op, "no constant border of height and width is in front");
    Shape pads = mergedPads(pad, op.getPads());
    bool isMax = op.getKind() == nn::PoolKind::Max;
    if (failed(isMax ? checkMax(op, pad, pads, rewriter) : checkAverage(op, pad, rewriter)))
      return failure();
    Location loc = rewriter.getFusedLoc({op.getLoc(), pad.getLoc()});
    rewriter.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(pad.getX());
      op.setPads(pads);
      op.setCountIncludePad(!isMax);
      op->setLoc(loc);
    });
    return success();
  }
};

struct MergePads : OpRewritePattern<nn::PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::PadOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<nn::PadOp>();
    if (!inner || op.getMode() != nn::PadMode::Constant || inner.getMode() != nn::PadMode::Constant ||
        op.getValue().compare(inner.getValue()) != APFloat::cmpEqual)
      return rewriter.notifyMatchFailure(op, "no border of the same value is in front");
    for (nn::PadOp pad : {op, inner})
      if (llvm::any_of(pad.getBefore(), isNegative) || llvm::any_of(pad.getAfter(), isNegative))
        return rewriter.notifyMatchFailure(op, "one of the two crops");
    Shape before(op.getBefore()), after(op.getAfter());
    for (size_t i = 0; i < before.size(); ++i) {
      before[i] += inner.getBefore()[i];
      after[i] += inner.getAfter()[i];
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(inner.getX());
      op.setBefore(before);
      op.setAfter(after);
    });
    return success();
  }
};

struct FoldPadding : simplify::impl::FoldPaddingBase<FoldPadding> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<IntoConvolution, IntoPool, MergePads>(&getContext());
    applyGreedily(getOperation(), std::move(patterns));
  }
};

} // namespace
