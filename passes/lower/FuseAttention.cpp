// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recognises scaled dot-product attention and makes one operation of it.
#include "codegen/kernels/KernelCall.h"
#include "compiler/support/Constants.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/lower/ElementView.h"
#include "passes/lower/Lower.h"

namespace thimble::lower {
#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/lower/Passes.h.inc"
} // namespace thimble::lower

using namespace mlir;
using namespace thimble;
using namespace thimble::lower;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

// Queries, keys or values: where their rows are.
struct Place {
  Value tensor;
  int64_t offset = 0, headStride = 0, rowStride = 0;
  int64_t repeats = 1; // heads in a row that are the same

  SmallVector<int64_t> numbers() const { return {offset, headStride, rowStride}; }
};

// The walk over heads has one factor, or one that is repeated.
bool setHeads(Place &place, ViewDim heads) {
  if (heads.size() == 2 && heads[1].stride == 0) {
    place.repeats = heads[1].size;
    heads.pop_back();
  }
  if (heads.size() > 1)
    return false;
  place.headStride = heads.empty() ? 0 : heads[0].stride;
  return true;
}

// An operand of a matrix product as [batch dimensions...][rows][elements next to each other]. `rows` is its rank less 2 or less 1.
std::optional<Place> placeFrom(const ElementView &view, ArrayRef<int64_t> batch, bool isTransposed) {
  size_t rank = view.dims.size();
  ViewDim rows = merge(view.dims[isTransposed ? rank - 1 : rank - 2]);
  ViewDim elements = merge(view.dims[isTransposed ? rank - 2 : rank - 1]);
  if (rows.size() > 1 || elements.size() > 1 || (!elements.empty() && elements[0].stride != 1))
    return std::nullopt;
  // Batch dimensions that this operand does not have are broadcast.
  SmallVector<ViewDim> dims;
  for (size_t d = 0; d < batch.size(); ++d) {
    bool isMissing = d + rank - 2 < batch.size();
    ViewDim own = isMissing ? ViewDim() : view.dims[d + rank - 2 - batch.size()];
    dims.push_back(own.empty() && batch[d] > 1 ? ViewDim{{batch[d], 0}} : own);
  }
  Place place{view.root, view.offset, 0, rows.empty() ? 0 : rows[0].stride};
  if (!setHeads(place, merge(dims)))
    return std::nullopt;
  return place;
}

std::optional<Place> findPlace(Value operand, ArrayRef<int64_t> batch, bool isTransposed) {
  if (std::optional<Place> place = placeFrom(viewOf(operand), batch, isTransposed))
    return place;
  return placeFrom(ElementView::dense(operand), batch, isTransposed);
}

// The only float of a constant.
std::optional<float> scalarOf(Value value) {
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (failed(data) || data->size() != 1 || !typeOf(value).getElementType().isF32())
    return std::nullopt;
  return data->as<float>()[0];
}

// What lies between the product of queries and keys and the softmax.
struct ScoreChain {
  nn::MatMulOp product;
  Value table, mask;
  SmallVector<int64_t, 2> maskPlace;
  float scale = 1;
  bool isExact = false;
  SmallVector<Attribute> types; // int8, from the last one back
};

// Strides of heads and rows of a constant that is added to scores of the shape `scores`.
bool setMask(ScoreChain &chain, Value mask, ArrayRef<int64_t> scores) {
  ElementView view = ElementView::dense(mask);
  size_t rank = view.dims.size(), missing = scores.size() - rank;
  if (rank < 1 || rank > scores.size() || typeOf(mask).getShape().back() != scores.back())
    return false;
  SmallVector<ViewDim> dims(missing);
  dims.append(view.dims.begin(), view.dims.end());
  for (size_t d = 0; d < dims.size(); ++d)
    if (dims[d].empty() && scores[d] > 1)
      dims[d] = {{scores[d], 0}};
  ViewDim rows = dims[dims.size() - 2], heads = merge(ArrayRef<ViewDim>(dims).drop_back(2));
  if (heads.size() > 1)
    return false;
  chain.mask = mask;
  chain.maskPlace = {heads.empty() ? 0 : heads[0].stride, rows.empty() ? 0 : rows[0].stride};
  return true;
}

// The scale and the table come first, then the mask: upwards from the softmax, the mask is met first.
bool addStep(ScoreChain &chain, Operation *op, Value &next) {
  if (auto lookup = dyn_cast<nn::LookupOp>(op)) {
    if (chain.table || !nn::getInt8Type(lookup.getX().getType()))
      return false;
    chain.table = lookup.getTable();
    next = lookup.getX();
    return true;
  }
  auto binary = dyn_cast<nn::BinaryOp>(op);
  if (!binary || binary.getActMin() || binary.getActMax())
    return false;
  Value a = binary.getA(), b = binary.getB();
  bool isSum = binary.getKind() == nn::BinaryKind::Add;
  if ((isSum || binary.getKind() == nn::BinaryKind::Mul) && a.getDefiningOp<nn::ConstantOp>())
    std::swap(a, b);
  if (!b.getDefiningOp<nn::ConstantOp>() || typeOf(a).getShape() != typeOf(binary.getY()).getShape())
    return false;
  next = a;
  if (isSum) {
    chain.isExact = binary->hasAttr(nn::exactAttrName);
    return !chain.mask && !chain.table && chain.scale == 1 && setMask(chain, b, typeOf(a).getShape());
  }
  std::optional<float> scalar = scalarOf(b);
  if (!scalar || chain.scale != 1 || binary.getKind() != nn::BinaryKind::Mul)
    return false;
  chain.scale = *scalar;
  return true;
}

std::optional<ScoreChain> findScores(nn::SoftmaxOp softmax) {
  ScoreChain chain;
  Value value = softmax.getX();
  while (true) {
    if (!value.hasOneUse() || !value.getDefiningOp())
      return std::nullopt;
    if (Type element = typeOf(value).getElementType(); nn::isQuantized(element))
      chain.types.insert(chain.types.begin(), TypeAttr::get(element));
    chain.product = value.getDefiningOp<nn::MatMulOp>();
    if (chain.product)
      return chain;
    Value next;
    if (!addStep(chain, value.getDefiningOp(), next) || (next && typeOf(next).getShape() != typeOf(value).getShape()))
      return std::nullopt;
    value = next;
  }
}

// The value that has the elements of `product`, [heads][rows][depth], as [rows][heads][depth]; null if there is none.
Value findMerged(Value product, int64_t heads, int64_t rows, int64_t depth) {
  auto isMerged = [&](Value value) {
    SmallVector<ViewDim> wanted;
    for (ViewFactor factor : {ViewFactor{rows, depth}, ViewFactor{heads, rows * depth}, ViewFactor{depth, 1}})
      wanted.push_back(factor.size == 1 ? ViewDim() : ViewDim{factor});
    ViewDim found = merge(viewOf(value, product).dims), expected = merge(wanted);
    return llvm::equal(found, expected, [](ViewFactor a, ViewFactor b) { return a.size == b.size && a.stride == b.stride; });
  };
  for (Value value = product;;) {
    if (isMerged(value))
      return value;
    if (!value.hasOneUse() || !isa<nn::ReshapeOp, nn::TransposeOp>(*value.user_begin()))
      return {};
    value = value.user_begin()->getResult(0);
  }
}

struct Fuse : OpRewritePattern<nn::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nn::MatMulOp product, PatternRewriter &rewriter) const override {
    auto softmax = product.getA().getDefiningOp<nn::SoftmaxOp>();
    if (!softmax || product.getTransposeA() || softmax.getLog() || !softmax->hasOneUse() ||
        int64_t(softmax.getAxis()) + 1 != typeOf(softmax.getX()).getRank())
      return rewriter.notifyMatchFailure(product, "is no product of weights and values");
    std::optional<ScoreChain> chain = findScores(softmax);
    if (!chain)
      return rewriter.notifyMatchFailure(product, "weights are not made of one product of queries and keys");
    ArrayRef<int64_t> scores = typeOf(chain->product.getY()).getShape(), y = typeOf(product.getY()).getShape();
    // The values may not repeat the weights.
    if (scores.drop_back(2) != y.drop_back(2))
      return rewriter.notifyMatchFailure(product, "values have batch dimensions of their own");
    ArrayRef<int64_t> batch = y.drop_back(2);
    std::optional<Place> q = findPlace(chain->product.getA(), batch, chain->product.getTransposeA());
    std::optional<Place> k = findPlace(chain->product.getB(), batch, !chain->product.getTransposeB());
    std::optional<Place> v = findPlace(product.getB(), batch, product.getTransposeB());
    if (!q || !k || !v || q->repeats != 1 || k->repeats != v->repeats)
      return rewriter.notifyMatchFailure(product, "rows of queries, keys or values do not lie at regular places");
    int64_t heads = 1;
    for (int64_t size : batch)
      heads *= size;
    ArrayRef<int64_t> a = typeOf(chain->product.getA()).getShape();
    int64_t queries = scores[scores.size() - 2], keys = scores.back(), values = y.back();
    int64_t depth = chain->product.getTransposeA() ? a[a.size() - 2] : a.back();
    if (queries < 1 || keys < 1 || depth < 1 || values < 1 || heads < 1)
      return rewriter.notifyMatchFailure(product, "is empty");

    Value merged = findMerged(product.getY(), heads, queries, values);
    Operation *last = merged ? merged.getDefiningOp() : product.getOperation();
    rewriter.setInsertionPoint(last);
    auto type = RankedTensorType::get({queries, heads, values}, typeOf(product.getY()).getElementType());
    auto attention = rewriter.create<nn::AttentionOp>(
        softmax.getLoc(), type, q->tensor, k->tensor, v->tensor, chain->table, chain->mask, heads, k->repeats, queries, keys,
        depth, values, q->numbers(), k->numbers(), v->numbers(),
        chain->mask ? rewriter.getDenseI64ArrayAttr(chain->maskPlace) : DenseI64ArrayAttr(), llvm::APFloat(chain->scale),
        chain->types.empty() ? ArrayAttr() : rewriter.getArrayAttr(chain->types));
    if (chain->isExact)
      attention->setAttr(nn::exactAttrName, rewriter.getUnitAttr());
    if (failed(mlir::verify(attention)) || !kernels::hasKernel(attention)) {
      rewriter.eraseOp(attention);
      return rewriter.notifyMatchFailure(product, "no kernel does this attention as one");
    }
    Value result = attention.getY();
    if (!merged) {
      auto headsFirst = RankedTensorType::get({heads, queries, values}, type.getElementType());
      result = rewriter.create<nn::TransposeOp>(product.getLoc(), headsFirst, result, ArrayRef<int64_t>{1, 0, 2});
      merged = product.getY();
    }
    rewriter.replaceOp(last, rewriter.create<nn::ReshapeOp>(product.getLoc(), merged.getType(), result).getY());
    return success();
  }
};

struct FuseAttention : thimble::lower::impl::FuseAttentionBase<FuseAttention> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Fuse>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
