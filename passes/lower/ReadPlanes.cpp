// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lets convolutions read images in planes instead of having them transposed first.
//
// This is the one edge where planes are measured to pay (Cortex-M4, instructions of vww: 918 k for transposition and convolution,
// 682 k for planes). Depthwise convolutions keep reading pixels: their gathering of rows into planes of four channels costs 0.22 of
// 1.33 + 0.22 instructions per MAC, and with planes it would still be needed for padding and for the two rows of a pair; what is
// slow in small maps is the start of a channel (0.5 per MAC with 5 columns), which no layout changes. They run in place as it is.
#include "dialects/nn/NNDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/lower/Lower.h"

namespace thimble::lower {
#define GEN_PASS_DEF_READPLANES
#include "passes/lower/Passes.h.inc"
} // namespace thimble::lower

using namespace mlir;
using namespace thimble;

// Beyond this many channels, gathering the taps of a window from so many planes takes longer than transposing them once.
static constexpr int64_t mostChannels = 4;

// The constraints of tmb_conv2d_planes_s8. Larger windows have so many products that the transposition does not matter.
static bool hasPlanarKernel(nn::Conv2DOp conv) {
  ArrayRef<int64_t> weights = cast<RankedTensorType>(conv.getWeights().getType()).getShape();
  return conv.getGroups() == 1 && conv.getImageShape()[3] <= mostChannels && weights[2] == 3 && conv.getDilations()[1] == 1 &&
         conv.getStrides()[1] <= 2;
}

// The channels-last view of `value`, or null.
static nn::TransposeOp findTransposition(Value value) {
  auto transpose = value.getDefiningOp<nn::TransposeOp>();
  if (!transpose || !transpose->hasOneUse() || transpose.getPermutation() != ArrayRef<int64_t>{0, 2, 3, 1})
    return {};
  return transpose;
}

namespace {
struct ReadPlane : OpRewritePattern<nn::Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::Conv2DOp conv, PatternRewriter &rewriter) const override {
    if (conv.getPlanar() || !nn::getInt8Type(conv.getX().getType()) || !hasPlanarKernel(conv))
      return rewriter.notifyMatchFailure(conv, "has no use for planes");
    // A quantization or requantization works on elements, whatever their order.
    Operation *convert = conv.getX().getDefiningOp();
    if (!isa_and_nonnull<nn::QuantizeOp, nn::RequantizeOp>(convert) || !convert->hasOneUse())
      convert = nullptr;
    nn::TransposeOp transpose = findTransposition(convert ? convert->getOperand(0) : conv.getX());
    if (!transpose)
      return rewriter.notifyMatchFailure(conv, "does not read planes");
    Value planes = transpose.getX();
    if (convert) {
      auto type =
          cast<RankedTensorType>(planes.getType()).clone(cast<RankedTensorType>(conv.getX().getType()).getElementType());
      rewriter.setInsertionPoint(convert);
      Operation *moved = rewriter.clone(*convert);
      moved->setOperand(0, planes);
      moved->getResult(0).setType(type);
      planes = moved->getResult(0);
    }
    rewriter.modifyOpInPlace(conv, [&] {
      conv.getXMutable().assign(planes);
      conv.setPlanar(true);
    });
    return success();
  }
};

struct ReadPlanes : thimble::lower::impl::ReadPlanesBase<ReadPlanes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ReadPlane>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
