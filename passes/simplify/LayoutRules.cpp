// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which operations can compute on tensors whose dimensions are stored in another order, and how.
//
// A layout follows from one order: that of the result, or, for reductions, which lose dimensions, that of the operand.
#include "passes/simplify/LayoutRules.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

static size_t rankOf(Value value) { return shapeOf(value).size(); }

static bool broadcasts(Operation *op) { return isa<nn::BinaryOp, nn::CompareOp, nn::SelectOp, nn::BroadcastOp>(op); }

// The operand and the result have the same dimensions; other operands (the table of a lookup, the scale of a normalization)
// stay.
static bool keepsDims(Operation *op) {
  return isa<nn::UnaryOp, nn::CastOp, nn::LookupOp, nn::QuantizeOp, nn::DequantizeOp, nn::RequantizeOp, nn::SoftmaxOp,
             nn::SliceOp, nn::PadOp, nn::LayerNormOp>(op);
}

static bool isReduction(Operation *op) { return isa<nn::ReduceOp, nn::ArgOp>(op); }

static SmallVector<int64_t> reducedDims(Operation *op) {
  if (auto arg = dyn_cast<nn::ArgOp>(op))
    return {int64_t(arg.getAxis())};
  return SmallVector<int64_t>(cast<nn::ReduceOp>(op).getAxes());
}

static bool keepsReducedDims(Operation *op) {
  if (auto arg = dyn_cast<nn::ArgOp>(op))
    return arg.getKeepDims();
  return cast<nn::ReduceOp>(op).getKeepDims();
}

// The order of the last `rank` dimensions alone.
static Permutation trailing(PermutationRef order, size_t rank) {
  int64_t lead = int64_t(order.size() - rank);
  Permutation result;
  for (int64_t dim : order)
    if (dim >= lead)
      result.push_back(dim - lead);
  return result;
}

// The inverse of trailing: new dimensions come first.
static Permutation withLeading(PermutationRef order, size_t rank) {
  size_t lead = rank - order.size();
  Permutation result = identity(lead);
  for (int64_t dim : order)
    result.push_back(dim + int64_t(lead));
  return result;
}

static int64_t placeOf(PermutationRef order, int64_t dim) { return inverse(order)[size_t(dim)]; }

static std::optional<OpLayout> reductionLayout(Operation *op, PermutationRef x) {
  SmallVector<int64_t> reduced = reducedDims(op);
  if (keepsReducedDims(op))
    return OpLayout{{Permutation(x)}, Permutation(x)};
  SmallVector<int64_t> newIndex(x.size());
  int64_t count = 0;
  for (size_t dim = 0; dim < x.size(); ++dim)
    newIndex[dim] = llvm::is_contained(reduced, int64_t(dim)) ? -1 : count++;
  Permutation result;
  for (int64_t dim : x)
    if (newIndex[size_t(dim)] >= 0)
      result.push_back(newIndex[size_t(dim)]);
  return OpLayout{{Permutation(x)}, result};
}

// The dimension that is gathered from gives way to those of the indices.
static OpLayout gatherLayout(nn::GatherOp op, PermutationRef x) {
  int64_t axis = int64_t(op.getAxis()), count = int64_t(rankOf(op.getIndices()));
  Permutation result;
  for (int64_t dim : x) {
    if (dim != axis)
      result.push_back(dim < axis ? dim : dim + count - 1);
    else
      for (int64_t i = 0; i < count; ++i)
        result.push_back(axis + i);
  }
  return {{Permutation(x), identity(size_t(count))}, result};
}

std::optional<OpLayout> simplify::layoutFromResult(Operation *op, PermutationRef order) {
  if (op->getNumResults() != 1 || order.size() != rankOf(op->getResult(0)))
    return std::nullopt;
  OpLayout layout;
  layout.result = Permutation(order);
  for (Value operand : op->getOperands())
    layout.operands.push_back(identity(rankOf(operand)));
  if (keepsDims(op)) {
    if (auto norm = dyn_cast<nn::LayerNormOp>(op))
      for (size_t i = size_t(norm.getAxis()); i < order.size(); ++i)
        if (order[i] != int64_t(i))
          return std::nullopt;
    layout.operands[0] = layout.result;
    return layout;
  }
  if (broadcasts(op)) {
    for (auto [operand, own] : llvm::zip(op->getOperands(), layout.operands))
      own = trailing(order, rankOf(operand));
    return layout;
  }
  if (isa<nn::ConcatOp>(op)) {
    for (Permutation &own : layout.operands)
      own = layout.result;
    return layout;
  }
  if (isReduction(op) && keepsReducedDims(op))
    return reductionLayout(op, order);
  if (auto gather = dyn_cast<nn::GatherOp>(op); gather && rankOf(gather.getIndices()) == 1)
    return gatherLayout(gather, order);
  if (auto reshape = dyn_cast<nn::ReshapeOp>(op)) {
    std::optional<Permutation> x = reshapedOrder(shapeOf(reshape.getY()), shapeOf(reshape.getX()), order);
    if (!x)
      return std::nullopt;
    layout.operands[0] = *x;
    return layout;
  }
  return std::nullopt;
}

std::optional<OpLayout> simplify::layoutFromOperand(Operation *op, unsigned index, PermutationRef order) {
  if (op->getNumResults() != 1 || order.size() != rankOf(op->getOperand(index)))
    return std::nullopt;
  if (isa<nn::ConcatOp>(op) || (keepsDims(op) && index == 0))
    return layoutFromResult(op, order);
  if (broadcasts(op))
    return layoutFromResult(op, withLeading(order, rankOf(op->getResult(0))));
  if (isReduction(op))
    return reductionLayout(op, order);
  if (auto gather = dyn_cast<nn::GatherOp>(op))
    return index == 0 ? std::optional(gatherLayout(gather, order)) : std::nullopt;
  if (auto reshape = dyn_cast<nn::ReshapeOp>(op)) {
    std::optional<Permutation> y = reshapedOrder(shapeOf(reshape.getX()), shapeOf(reshape.getY()), order);
    return y ? layoutFromResult(op, *y) : std::nullopt;
  }
  return std::nullopt;
}

bool simplify::isTrivial(Operation *op, const OpLayout &layout) {
  for (auto [operand, order] : llvm::zip(op->getOperands(), layout.operands))
    if (!isTrivial(shapeOf(operand), order))
      return false;
  return isTrivial(shapeOf(op->getResult(0)), layout.result);
}

// A stored operand of lower rank, aligned with the stored result: its missing dimensions may now lie between its own.
static Value aligned(OpBuilder &builder, Operation *op, Value stored, PermutationRef result) {
  size_t rank = rankOf(stored), next = 0;
  if (rank == result.size())
    return stored;
  Shape shape;
  for (int64_t dim : result) {
    bool isMissing = dim < int64_t(result.size() - rank);
    if (!isMissing)
      shape.push_back(shapeOf(stored)[next++]);
    else if (!shape.empty()) // leading ones need not be written
      shape.push_back(1);
  }
  return reshaped(builder, op->getLoc(), stored, shape);
}

Value simplify::rebuild(OpBuilder &builder, Operation *op, const OpLayout &layout, ValueRange operands) {
  SmallVector<Value> stored(operands);
  if (broadcasts(op))
    for (Value &operand : stored)
      operand = aligned(builder, op, operand, layout.result);
  Operation *moved = builder.clone(*op);
  moved->setOperands(stored);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  moved->getResult(0).setType(RankedTensorType::get(permuted(type.getShape(), layout.result), type.getElementType()));

  const Permutation &x = layout.operands[0];
  if (auto softmax = dyn_cast<nn::SoftmaxOp>(moved)) {
    softmax.setAxis(placeOf(x, softmax.getAxis()));
  } else if (auto concat = dyn_cast<nn::ConcatOp>(moved)) {
    concat.setAxis(placeOf(x, concat.getAxis()));
  } else if (auto arg = dyn_cast<nn::ArgOp>(moved)) {
    arg.setAxis(placeOf(x, arg.getAxis()));
  } else if (auto gather = dyn_cast<nn::GatherOp>(moved)) {
    gather.setAxis(placeOf(x, gather.getAxis()));
  } else if (auto reduce = dyn_cast<nn::ReduceOp>(moved)) {
    Shape axes;
    for (int64_t axis : reduce.getAxes())
      axes.push_back(placeOf(x, axis));
    llvm::sort(axes);
    reduce.setAxes(axes);
  } else if (auto slice = dyn_cast<nn::SliceOp>(moved)) {
    slice.setOffsets(permuted(slice.getOffsets(), x));
    slice.setSizes(permuted(slice.getSizes(), x));
    slice.setStrides(permuted(slice.getStrides(), x));
  } else if (auto pad = dyn_cast<nn::PadOp>(moved)) {
    pad.setBefore(permuted(pad.getBefore(), x));
    pad.setAfter(permuted(pad.getAfter(), x));
  }
  return moved->getResult(0);
}
