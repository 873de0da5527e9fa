// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes and types of the sampling operations.
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble::nn;

using OptionalLocation = std::optional<Location>;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

static LogicalResult result(SmallVectorImpl<Type> &types, ArrayRef<int64_t> shape, Type element) {
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

LogicalResult GridSampleOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), grid = shapeOf(op.getGrid());
  if (x.size() < 3 || x.size() > 5)
    return emitOptionalError(loc, "samples images of one to three spatial dimensions, got shape [", x, "]");
  if (grid.size() != x.size() || grid[0] != x[0] || grid.back() != int64_t(x.size()) - 2)
    return emitOptionalError(loc, "grid of shape [", grid, "] does not fit an image of shape [", x, "]");
  SmallVector<int64_t> shape{x[0], x[1]};
  llvm::append_range(shape, grid.slice(1, x.size() - 2));
  return result(types, shape, elementOf(op.getX()));
}

static LogicalResult inferRegions(OptionalLocation loc, Value x, Value rois, int64_t columns, ArrayRef<int64_t> size,
                                  SmallVectorImpl<Type> &types) {
  if (shapeOf(x).size() != 4 || shapeOf(rois).size() != 2 || shapeOf(rois)[1] != columns)
    return emitOptionalError(loc, "needs an image of 4 dimensions and regions of ", columns, " numbers, got [", shapeOf(x),
                             "] and [", shapeOf(rois), "]");
  if (size.size() != 2 || size[0] < 1 || size[1] < 1)
    return emitOptionalError(loc, "needs a positive height and width");
  return result(types, {shapeOf(rois)[0], shapeOf(x)[1], size[0], size[1]}, elementOf(x));
}

LogicalResult RoiAlignOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  if (shapeOf(op.getBatches()).size() != 1 || shapeOf(op.getRois()).empty() ||
      shapeOf(op.getBatches())[0] != shapeOf(op.getRois())[0])
    return emitOptionalError(loc, "needs one batch index for each region");
  return inferRegions(loc, op.getX(), op.getRois(), 4, op.getSize(), types);
}

LogicalResult MaxRoiPoolOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  return inferRegions(loc, op.getX(), op.getRois(), 5, op.getSize(), types);
}

static LogicalResult needF32(Operation *op, ValueRange values) {
  for (Value value : values)
    if (value && !elementOf(value).isF32())
      return op->emitOpError("needs f32 elements, got ") << elementOf(value);
  return success();
}

LogicalResult GridSampleOp::verify() { return needF32(*this, {getX(), getGrid()}); }
LogicalResult MaxRoiPoolOp::verify() { return needF32(*this, {getX(), getRois()}); }

LogicalResult RoiAlignOp::verify() {
  if (!elementOf(getBatches()).isInteger(64))
    return emitOpError("needs i64 batch indices, got ") << elementOf(getBatches());
  if (int64_t(getSamples()) < 0 || int64_t(getSamples()) > 1024)
    return emitOpError("takes 0 to 1024 samples, got ") << int64_t(getSamples());
  return needF32(*this, {getX(), getRois()});
}

LogicalResult MaxPoolIndicesOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX()), y = shapeOf(getY());
  size_t rank = x.size() < 2 ? 0 : x.size() - 2;
  if (rank < 1 || rank > 3 || y.size() != x.size() || y.take_front(2) != x.take_front(2))
    return emitOpError("pools one to three spatial dimensions, got shapes [") << x << "] and [" << y << "]";
  if (getKernel().size() != rank || getStrides().size() != rank || getPads().size() != rank || getDilations().size() != rank)
    return emitOpError("needs a kernel size, stride, pad and dilation for each spatial dimension");
  for (size_t i = 0; i < rank; ++i)
    if (getKernel()[i] < 1 || getStrides()[i] < 1 || getDilations()[i] < 1 || getPads()[i] < 0)
      return emitOpError("needs positive kernel sizes, strides and dilations and non-negative pads");
  if (shapeOf(getIndices()) != y || !elementOf(getIndices()).isInteger(64))
    return emitOpError("needs an i64 index for each maximum");
  return needF32(*this, {getX(), getY()});
}

LogicalResult DeformConv2DOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX()), w = shapeOf(getWeights()), y = shapeOf(getY());
  int64_t groups = getGroups(), offsetGroups = getOffsetGroups();
  if (x.size() != 4 || w.size() != 4 || y.size() != 4 || y[0] != x[0] || y[1] != w[0])
    return emitOpError("needs images and weights of 4 dimensions that fit each other");
  if (groups < 1 || offsetGroups < 1 || x[1] % groups != 0 || w[0] % groups != 0 || w[1] != x[1] / groups ||
      x[1] % offsetGroups != 0)
    return emitOpError("weights of shape [") << w << "] do not fit " << x[1] << " channels in " << groups << " groups and "
                                             << offsetGroups << " offset groups";
  if (getStrides().size() != 2 || getPads().size() != 2 || getDilations().size() != 2)
    return emitOpError("needs 2 strides, pads and dilations");
  int64_t taps = offsetGroups * w[2] * w[3];
  if (shapeOf(getOffset()) != ArrayRef<int64_t>{x[0], 2 * taps, y[2], y[3]})
    return emitOpError("needs offsets of shape [") << x[0] << ", " << 2 * taps << ", " << y[2] << ", " << y[3] << "], got ["
                                                   << shapeOf(getOffset()) << "]";
  if (getMask() && shapeOf(getMask()) != ArrayRef<int64_t>{x[0], taps, y[2], y[3]})
    return emitOpError("needs a mask with one factor for each offset");
  if (getBias() && shapeOf(getBias()) != ArrayRef<int64_t>{w[0]})
    return emitOpError("needs one bias for each of the ") << w[0] << " output channels";
  return needF32(*this, getOperands());
}
