// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes and types of the operations that work with indices.
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble::nn;

using Shape = SmallVector<int64_t>;
using ShapeRef = ArrayRef<int64_t>;
using OptionalLocation = std::optional<Location>;

static ShapeRef shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }
static bool isIndex(Value value) { return elementOf(value).isSignlessInteger(64); }

static LogicalResult result(SmallVectorImpl<Type> &types, ShapeRef shape, Type element) {
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

static LogicalResult checkAxis(OptionalLocation loc, int64_t axis, size_t rank) {
  if (axis >= 0 && axis < int64_t(rank))
    return success();
  return emitOptionalError(loc, "axis ", axis, " is outside a rank of ", rank);
}

static LogicalResult verifyIndices(Operation *op, Value indices) {
  if (isIndex(indices))
    return success();
  return op->emitOpError("needs i64 indices, got ") << elementOf(indices);
}

// Elements that order and arithmetic kernels know.
static LogicalResult verifyNumbers(Operation *op, Value x) {
  Type element = elementOf(x);
  if (element.isF32() || element.isSignlessInteger(32) || element.isSignlessInteger(64))
    return success();
  return op->emitOpError("needs f32, i32 or i64 elements, got ") << element;
}

// A result of fixed shape and type.
static LogicalResult verifyResult(Operation *op, Value value, ShapeRef shape, Type element) {
  if (shapeOf(value) == shape && elementOf(value) == element)
    return success();
  return op->emitOpError("has a result ") << value.getType() << " instead of " << RankedTensorType::get(shape, element);
}

// Indices have the data's rank and are no larger but along the axis.
static LogicalResult checkElements(OptionalLocation loc, ShapeRef x, ShapeRef indices, int64_t axis) {
  if (failed(checkAxis(loc, axis, x.size())))
    return failure();
  if (indices.size() != x.size())
    return emitOptionalError(loc, "needs indices of rank ", x.size(), ", got rank ", indices.size());
  for (size_t i = 0; i < x.size(); ++i)
    if (int64_t(i) != axis && indices[i] > x[i])
      return emitOptionalError(loc, "has ", indices[i], " indices in dimension ", i, " of size ", x[i]);
  bool isEmpty = llvm::is_contained(indices, 0);
  if (x[axis] == 0 && !isEmpty)
    return emitOptionalError(loc, "indexes an empty dimension");
  return success();
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op,
                                                 SmallVectorImpl<Type> &types) {
  if (failed(checkElements(loc, shapeOf(op.getX()), shapeOf(op.getIndices()), op.getAxis())))
    return failure();
  return result(types, shapeOf(op.getIndices()), elementOf(op.getX()));
}

LogicalResult GatherElementsOp::verify() { return verifyIndices(*this, getIndices()); }

// The shape of a slice that a tuple of indices names.
static FailureOr<ShapeRef> sliceShape(OptionalLocation loc, ShapeRef x, ShapeRef indices, int64_t batchDims) {
  if (indices.empty() || batchDims < 0 || batchDims >= int64_t(indices.size()) || batchDims > int64_t(x.size()) ||
      indices.back() > int64_t(x.size()) - batchDims || indices.take_front(batchDims) != x.take_front(batchDims))
    return emitOptionalError(loc, "indices of shape [", indices, "] do not fit data of shape [", x, "]");
  bool isEmpty = llvm::is_contained(indices.drop_back(), 0);
  if (!isEmpty && llvm::is_contained(x.slice(batchDims, indices.back()), 0))
    return emitOptionalError(loc, "indexes an empty dimension");
  return x.drop_front(batchDims + indices.back());
}

LogicalResult GatherNDOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  FailureOr<ShapeRef> slice = sliceShape(loc, shapeOf(op.getX()), shapeOf(op.getIndices()), op.getBatchDims());
  if (failed(slice))
    return failure();
  Shape shape(shapeOf(op.getIndices()).drop_back());
  shape.append(slice->begin(), slice->end());
  return result(types, shape, elementOf(op.getX()));
}

LogicalResult GatherNDOp::verify() { return verifyIndices(*this, getIndices()); }

LogicalResult ScatterElementsOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op,
                                                  SmallVectorImpl<Type> &types) {
  if (failed(checkElements(loc, shapeOf(op.getX()), shapeOf(op.getIndices()), op.getAxis())))
    return failure();
  if (shapeOf(op.getIndices()) != shapeOf(op.getUpdates()))
    return emitOptionalError(loc, "needs as many updates as indices");
  return result(types, shapeOf(op.getX()), elementOf(op.getX()));
}

template <typename Op> static LogicalResult verifyScatter(Op op) {
  if (elementOf(op.getX()) != elementOf(op.getUpdates()))
    return op.emitOpError("needs updates of the data's element type");
  if (op.getKind() != ScatterKind::Replace && failed(verifyNumbers(op, op.getX())))
    return failure();
  return verifyIndices(op, op.getIndices());
}

LogicalResult ScatterElementsOp::verify() { return verifyScatter(*this); }

LogicalResult ScatterNDOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  FailureOr<ShapeRef> slice = sliceShape(loc, shapeOf(op.getX()), shapeOf(op.getIndices()), 0);
  if (failed(slice))
    return failure();
  Shape shape(shapeOf(op.getIndices()).drop_back());
  shape.append(slice->begin(), slice->end());
  if (ShapeRef(shape) != shapeOf(op.getUpdates()))
    return emitOptionalError(loc, "needs updates of shape [", ShapeRef(shape), "], got [", shapeOf(op.getUpdates()), "]");
  return result(types, shapeOf(op.getX()), elementOf(op.getX()));
}

LogicalResult ScatterNDOp::verify() { return verifyScatter(*this); }

LogicalResult TopKOp::verify() {
  Shape shape(shapeOf(getX()));
  if (failed(checkAxis(getLoc(), getAxis(), shape.size())) || failed(verifyNumbers(*this, getX())))
    return failure();
  ShapeRef values = shapeOf(getValues());
  int64_t k = values.size() == shape.size() ? values[getAxis()] : -1;
  if (k < 0 || k > shape[getAxis()])
    return emitOpError("takes ") << k << " of " << shape[getAxis()] << " elements";
  shape[getAxis()] = k;
  if (failed(verifyResult(*this, getValues(), shape, elementOf(getX()))))
    return failure();
  return verifyResult(*this, getIndices(), shape, IntegerType::get(getContext(), 64));
}

LogicalResult NonZeroOp::verify() {
  if (!elementOf(getX()).isInteger(1))
    return emitOpError("needs i1 elements, got ") << elementOf(getX());
  auto x = cast<RankedTensorType>(getX().getType());
  Type i64 = IntegerType::get(getContext(), 64);
  if (failed(verifyResult(*this, getIndices(), {x.getRank(), x.getNumElements()}, i64)))
    return failure();
  return verifyResult(*this, getSize(), {1}, i64);
}

LogicalResult UniqueOp::verify() {
  ShapeRef x = shapeOf(getX());
  if (failed(checkAxis(getLoc(), getAxis(), x.size())) || failed(verifyNumbers(*this, getX())))
    return failure();
  Type i64 = IntegerType::get(getContext(), 64);
  for (Value value : {getFirst(), getInverse(), getCounts()})
    if (failed(verifyResult(*this, value, {x[getAxis()]}, i64)))
      return failure();
  return verifyResult(*this, getSize(), {1}, i64);
}

LogicalResult NonMaxSuppressionOp::verify() {
  ShapeRef boxes = shapeOf(getBoxes()), scores = shapeOf(getScores());
  if (boxes.size() != 3 || scores.size() != 3 || boxes[2] != 4 || boxes[0] != scores[0] || boxes[1] != scores[2])
    return emitOpError("needs boxes [batches, n, 4] and scores [batches, classes, n], got [")
           << boxes << "] and [" << scores << "]";
  for (Value value : {getBoxes(), getScores(), getIou(), getThreshold()})
    if (!elementOf(value).isF32())
      return emitOpError("needs f32 boxes, scores and thresholds");
  for (Value value : {getLimit(), getIou(), getThreshold()})
    if (shapeOf(value) != ShapeRef{1})
      return emitOpError("needs limits of one element");
  if (failed(verifyIndices(*this, getLimit())))
    return failure();
  Type i64 = IntegerType::get(getContext(), 64);
  ShapeRef selected = shapeOf(getSelected());
  if (selected.size() != 2 || selected[1] != 3 || !isIndex(getSelected()))
    return emitOpError("gives i64 [capacity, 3], got ") << getSelected().getType();
  return verifyResult(*this, getSize(), {1}, i64);
}

LogicalResult ReverseSequenceOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op,
                                                  SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX());
  if (x.size() < 2 || op.getTimeAxis() > 1)
    return emitOptionalError(loc, "needs a batch and a time as the first two dimensions");
  int64_t batch = x[1 - op.getTimeAxis()];
  if (shapeOf(op.getLengths()) != ShapeRef{batch})
    return emitOptionalError(loc, "needs one length for each of the ", batch, " sequences");
  return result(types, x, elementOf(op.getX()));
}

LogicalResult ReverseSequenceOp::verify() { return verifyIndices(*this, getLengths()); }
