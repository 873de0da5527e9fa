// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-quantize-fold-conversions: fewer roundings and fewer copies between scales.
#include "codegen/kernels/KernelCall.h"
#include "compiler/support/Constants.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/quantize/Quantize.h"

using namespace mlir;

namespace thimble::quantize {
#define GEN_PASS_DEF_FOLDCONVERSIONS
#include "passes/quantize/Passes.h.inc"
} // namespace thimble::quantize

using namespace thimble;

namespace {

struct DropIdentity : OpRewritePattern<nn::RequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::RequantizeOp op, PatternRewriter &rewriter) const override {
    if (op.getX().getType() != op.getY().getType())
      return rewriter.notifyMatchFailure(op, "changes the scale");
    rewriter.replaceOp(op, op.getX());
    return success();
  }
};

struct QuantizeOfDequantize : OpRewritePattern<nn::QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::QuantizeOp op, PatternRewriter &rewriter) const override {
    auto dequantize = op.getX().getDefiningOp<nn::DequantizeOp>();
    if (!dequantize)
      return rewriter.notifyMatchFailure(op, "does not quantize what was dequantized");
    if (dequantize.getX().getType() == op.getY().getType())
      rewriter.replaceOp(op, dequantize.getX());
    else
      rewriter.replaceOpWithNewOp<nn::RequantizeOp>(op, op.getY().getType(), dequantize.getX());
    return success();
  }
};

// Operations that round from an accumulator to whatever scale their result has.
bool choosesScale(Operation *op) {
  if (auto reduce = dyn_cast<nn::ReduceOp>(op))
    return reduce.getKind() == nn::ReduceKind::Mean || reduce.getKind() == nn::ReduceKind::Sum;
  // The others take operands of the scale of their result.
  if (auto binary = dyn_cast<nn::BinaryOp>(op))
    return binary.getKind() != nn::BinaryKind::Min && binary.getKind() != nn::BinaryKind::Max;
  return isa<nn::Conv2DOp, nn::FullyConnectedOp, nn::MatMulOp, nn::QuantizeOp, nn::LayerNormOp>(op);
}

struct RequantizeIntoProducer : OpRewritePattern<nn::RequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::RequantizeOp op, PatternRewriter &rewriter) const override {
    Operation *producer = op.getX().getDefiningOp();
    bool isOneWidth = bool(nn::getInt16Type(op.getX().getType())) == bool(nn::getInt16Type(op.getY().getType()));
    if (!producer || !choosesScale(producer) || !op.getX().hasOneUse() || (!isOneWidth && !isa<nn::QuantizeOp>(producer)))
      return rewriter.notifyMatchFailure(op, "operand cannot be computed in the final scale");
    Operation *changed = rewriter.clone(*producer);
    changed->getResult(0).setType(op.getY().getType());
    if (!kernels::hasKernel(changed)) {
      rewriter.eraseOp(changed);
      return rewriter.notifyMatchFailure(op, "no kernel computes the operand in the final scale");
    }
    rewriter.replaceOp(op, changed->getResults());
    return success();
  }
};

// Two tables in a row are one.
struct LookupOfLookup : OpRewritePattern<nn::LookupOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::LookupOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<nn::LookupOp>();
    if (!inner || !op.getX().hasOneUse())
      return rewriter.notifyMatchFailure(op, "operand is no table of its own");
    FailureOr<ConstantData> first = ConstantData::get(inner.getTable()), second = ConstantData::get(op.getTable());
    if (failed(first) || failed(second))
      return rewriter.notifyMatchFailure(op, "a table holds no data");
    if (!first->getType().getElementType().isInteger(8) || !second->getType().getElementType().isInteger(8))
      return rewriter.notifyMatchFailure(op, "tables of int16 are not one of both");
    std::vector<int8_t> table;
    for (int8_t code : first->as<int8_t>())
      table.push_back(second->as<int8_t>()[size_t(code + 128)]);
    auto type = cast<RankedTensorType>(op.getTable().getType());
    Value joint = rewriter.create<nn::ConstantOp>(op.getLoc(), type, makeConstant<int8_t>(type, table, "table"));
    rewriter.replaceOpWithNewOp<nn::LookupOp>(op, op.getY().getType(), inner.getX(), joint);
    return success();
  }
};

struct FoldConversions : quantize::impl::FoldConversionsBase<FoldConversions> {
  using FoldConversionsBase::FoldConversionsBase;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DropIdentity, QuantizeOfDequantize, LookupOfLookup>(&getContext());
    if (!exact)
      patterns.add<RequantizeIntoProducer>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
