// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Transposes disappear in matrix products and in the weights of fully connected layers.
#include "passes/simplify/AbsorbTransposes.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

// The permutation of `rank` dimensions that swaps the last two.
static Permutation swapLastTwo(size_t rank) {
  Permutation result = identity(rank);
  std::swap(result[rank - 1], result[rank - 2]);
  return result;
}

// A reshape of an image to rows of features for fully connected layers only, whose weights are constant and used nowhere else.
static bool isFlatten(nn::ReshapeOp reshape) {
  if (shapeOf(reshape.getY()).size() != 2 || reshape.getY().use_empty())
    return false;
  return llvm::all_of(reshape.getY().getUses(), [](OpOperand &use) {
    auto layer = dyn_cast<nn::FullyConnectedOp>(use.getOwner());
    return layer && use.getOperandNumber() == 0 && isConstant(layer.getWeights()) && layer.getWeights().hasOneUse() &&
           succeeded(ConstantData::get(layer.getWeights()));
  });
}

// The number of leading dimensions that are the rows of a matrix with `rows` rows; none if a dimension belongs to both.
static std::optional<size_t> rowDims(ShapeRef shape, int64_t rows) {
  int64_t product = 1;
  size_t count = 0;
  while (count < shape.size() && product < rows)
    product *= shape[count++];
  return product == rows && !llvm::is_contained(shape, 0) ? std::optional(count) : std::nullopt;
}

// The permutation of the feature dimensions from the present to the stored order, or none if rows and features mix.
// `shape` and `order`: the operand of the reshape, and how it is stored.
static std::optional<Permutation> featureOrder(ShapeRef shape, PermutationRef order, size_t rows) {
  Permutation result;
  int64_t lastRow = -1;
  for (int64_t dim : order) {
    if (dim >= int64_t(rows)) {
      result.push_back(dim - int64_t(rows));
    } else if (shape[size_t(dim)] != 1) {
      bool comesAfterFeature = llvm::any_of(result, [&](int64_t feature) { return shape[size_t(feature) + rows] != 1; });
      if (comesAfterFeature || dim < lastRow)
        return std::nullopt;
      lastRow = dim;
    }
  }
  return result;
}

bool simplify::canAbsorb(Operation *consumer, unsigned index, ShapeRef stored, PermutationRef permutation) {
  // The operand with its last two dimensions swapped must be the stored tensor, but for dimensions of size 1.
  if (isa<nn::MatMulOp>(consumer))
    return isTrivial(stored, compose(permutation, swapLastTwo(stored.size())));
  auto reshape = dyn_cast<nn::ReshapeOp>(consumer);
  if (!reshape || !isFlatten(reshape))
    return false;
  Shape shape = permuted(stored, permutation);
  std::optional<size_t> rows = rowDims(shape, shapeOf(reshape.getY())[0]);
  return rows && featureOrder(shape, inverse(permutation), *rows);
}

namespace {

// matmul(transpose(a), b) with the last two dimensions swapped
struct IntoMatMul : OpRewritePattern<nn::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::MatMulOp op, PatternRewriter &rewriter) const override {
    for (unsigned i = 0; i < 2; ++i) {
      auto transpose = op->getOperand(i).getDefiningOp<nn::TransposeOp>();
      if (!transpose || !canAbsorb(op, i, shapeOf(transpose.getX()), transpose.getPermutation()))
        continue;
      Shape shape = permuted(shapeOf(transpose.getY()), swapLastTwo(shapeOf(transpose.getY()).size()));
      Value x = reshaped(rewriter, transpose.getLoc(), transpose.getX(), shape);
      rewriter.modifyOpInPlace(op, [&] {
        op->setOperand(i, x);
        if (i == 0)
          op.setTransposeA(!op.getTransposeA());
        else
          op.setTransposeB(!op.getTransposeB());
      });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand has its last two dimensions swapped");
  }
};

// fully_connected(reshape(transpose(x))): the columns of the weights take the order of x
struct IntoFullyConnected : OpRewritePattern<nn::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::ReshapeOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getX().getDefiningOp<nn::TransposeOp>();
    if (!transpose || !canAbsorb(op, 0, shapeOf(transpose.getX()), transpose.getPermutation()))
      return rewriter.notifyMatchFailure(op, "does not flatten a transposed image for fully connected layers");
    ShapeRef shape = shapeOf(op.getX());
    size_t rows = *rowDims(shape, shapeOf(op.getY())[0]);
    Permutation features = *featureOrder(shape, inverse(transpose.getPermutation()), rows);
    // Weights [cols, depth] as [cols, features...]
    Permutation order = {0};
    for (int64_t dim : features)
      order.push_back(dim + 1);
    for (OpOperand &use : op.getY().getUses()) {
      auto layer = cast<nn::FullyConnectedOp>(use.getOwner());
      Value weights = layer.getWeights();
      Shape flat(shapeOf(weights)), split = {flat[0]};
      split.append(shape.begin() + rows, shape.end());
      rewriter.setInsertionPoint(layer);
      Value moved = transposed(rewriter, weights.getLoc(), reshaped(rewriter, weights.getLoc(), weights, split), order);
      moved = reshaped(rewriter, weights.getLoc(), moved, flat);
      rewriter.modifyOpInPlace(layer, [&] { layer.getWeightsMutable().assign(moved); });
    }
    rewriter.modifyOpInPlace(op, [&] { op.getXMutable().assign(transpose.getX()); });
    return success();
  }
};

} // namespace

void simplify::addAbsorbPatterns(RewritePatternSet &patterns) {
  patterns.add<IntoMatMul, IntoFullyConnected>(patterns.getContext());
}
