// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes and types of the operations of signal processing and linear algebra.
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble::nn;

using Shape = SmallVector<int64_t>;
using ShapeRef = ArrayRef<int64_t>;
using OptionalLocation = std::optional<Location>;

static ShapeRef shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

static LogicalResult result(SmallVectorImpl<Type> &types, ShapeRef shape, Type element) {
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

static LogicalResult verifyFloat(Operation *op, Value x) {
  if (elementOf(x).isF32())
    return success();
  return op->emitOpError("needs f32 elements, got ") << elementOf(x);
}

LogicalResult CumSumOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  if (shapeOf(op.getX()).empty())
    return emitOptionalError(loc, "needs at least one dimension");
  if (shapeOf(op.getAxis()) != ShapeRef{1})
    return emitOptionalError(loc, "needs one axis");
  return result(types, shapeOf(op.getX()), elementOf(op.getX()));
}

LogicalResult CumSumOp::verify() {
  Type element = elementOf(getX());
  if (!elementOf(getAxis()).isSignlessInteger(64))
    return emitOpError("needs an i64 axis, got ") << elementOf(getAxis());
  if (!element.isF32() && !element.isSignlessInteger(32) && !element.isSignlessInteger(64))
    return emitOpError("needs f32, i32 or i64 elements, got ") << element;
  return success();
}

LogicalResult DetOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX());
  if (x.size() < 2 || x.back() != x[x.size() - 2])
    return emitOptionalError(loc, "needs square matrices, got shape [", x, "]");
  return result(types, x.drop_back(2), elementOf(op.getX()));
}

LogicalResult DetOp::verify() { return verifyFloat(*this, getX()); }

LogicalResult DftOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  Shape shape(shapeOf(op.getX()));
  int64_t axis = op.getAxis(), length = op.getLength(), bins = op.getBins();
  if (shape.size() < 2 || (shape.back() != 1 && shape.back() != 2))
    return emitOptionalError(loc, "needs real or complex numbers in the last dimension, got shape [", ShapeRef(shape), "]");
  if (axis < 0 || axis + 1 >= int64_t(shape.size()))
    return emitOptionalError(loc, "axis ", axis, " is not one of the signal's ", shape.size() - 1, " dimensions");
  if (length < 1 || length > INT32_MAX || bins < 1 || bins > length)
    return emitOptionalError(loc, "cannot give ", bins, " bins of a transform of length ", length);
  shape[axis] = bins;
  shape.back() = 2;
  return result(types, shape, elementOf(op.getX()));
}

LogicalResult DftOp::verify() { return verifyFloat(*this, getX()); }

LogicalResult FramesOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  Shape shape(shapeOf(op.getX()));
  int64_t axis = op.getAxis(), count = op.getCount(), length = op.getLength(), step = op.getStep();
  if (axis < 0 || axis >= int64_t(shape.size()))
    return emitOptionalError(loc, "axis ", axis, " is outside a rank of ", shape.size());
  int64_t size = shape[axis];
  if (count < 1 || length < 1 || step < 1 || length > size || (count - 1) > (size - length) / step)
    return emitOptionalError(loc, "cannot take ", count, " frames of ", length, " every ", step, " elements of ", size);
  shape[axis] = count;
  shape.insert(shape.begin() + axis + 1, length);
  return result(types, shape, elementOf(op.getX()));
}

LogicalResult FramesOp::verify() {
  if (elementOf(getX()) != elementOf(getY()))
    return emitOpError("must keep the element type");
  return success();
}

LogicalResult CountNGramsOp::verify() {
  ShapeRef x = shapeOf(getX()), y = shapeOf(getY()), grams = shapeOf(getGrams());
  if (!elementOf(getX()).isSignlessInteger(64) || !elementOf(getPool()).isSignlessInteger(64) ||
      !elementOf(getGrams()).isSignlessInteger(32))
    return emitOpError("needs i64 elements and pool, and i32 n-grams");
  if (x.size() != 2 || y.size() != 2 || x[0] != y[0] || grams.size() != 2 || grams[1] != 3 || shapeOf(getPool()).size() != 1)
    return emitOpError("needs x [rows, cols], a pool, n-grams [count, 3] and a result [rows, size]");
  if (getMaxSkip() < 0 || getMaxSkip() > INT32_MAX)
    return emitOpError("has a negative or too large skip");
  return verifyFloat(*this, getY());
}
