// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of operations that work with indices.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include "thimble/tmb_abi.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

// The code of an element type that kernels compute with.
static int64_t numberType(Type element) { return element.isF32() ? TMB_F32 : element.isInteger(32) ? TMB_S32 : TMB_S64; }

// A walk over the indices with the data's strides; the axis has its own.
static void elementFields(CallBuilder &call, Value x, Value indices, int64_t axis) {
  Shape strides = denseStrides(shapeOf(x));
  int64_t axisStride = strides[axis];
  strides[axis] = 0;
  Walk walk{Shape(shapeOf(indices)), {strides, denseStrides(shapeOf(indices))}};
  walk.merge();
  call.field("rank", int64_t(walk.dims.size())).field("dims", walk.dims).field("x_strides", walk.strides[0]);
  call.field("axis_size", shapeOf(x)[axis]).field("axis_stride", axisStride);
  call.field("element_bytes", elementBytes(elementOf(x)));
}

// Sizes of the dimensions that tuples index, and their strides in slices.
static void tupleFields(CallBuilder &call, ArrayRef<int64_t> sizes) {
  call.field("width", int64_t(sizes.size())).field("sizes", sizes).field("strides", denseStrides(sizes));
}

static FailureOr<Calls> selectGatherElements(nn::GatherElementsOp op) {
  CallBuilder call(op, "tmb_gather_elements");
  call.operand(0).operand(1);
  elementFields(call, op.getX(), op.getIndices(), op.getAxis());
  return call.finishAlone();
}

static FailureOr<Calls> selectGatherND(nn::GatherNDOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), indices = shapeOf(op.getIndices());
  int64_t batchDims = op.getBatchDims(), width = indices.back();
  ArrayRef<int64_t> sizes = x.slice(batchDims, width), slice = x.drop_front(batchDims + width);
  CallBuilder call(op, "tmb_gather_nd");
  call.operand(0).operand(1).field("batches", product(indices.take_front(batchDims)));
  call.field("tuples", product(indices.drop_back().drop_front(batchDims))).field("batch_stride", product(sizes));
  tupleFields(call, sizes);
  return call.field("slice_bytes", product(slice) * elementBytes(elementOf(op.getX()))).finishAlone();
}

template <typename Op> static void scatterFields(CallBuilder &call, Op op) {
  call.operand(0).operand(1).operand(2).field("count", tensorType(op.getX()).getNumElements());
  call.field("kind", int64_t(op.getKind())).field("type", numberType(elementOf(op.getX())));
}

static FailureOr<Calls> selectScatterElements(nn::ScatterElementsOp op) {
  CallBuilder call(op, "tmb_scatter_elements");
  scatterFields(call, op);
  elementFields(call, op.getX(), op.getIndices(), op.getAxis());
  return call.finishAlone();
}

static FailureOr<Calls> selectScatterND(nn::ScatterNDOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), indices = shapeOf(op.getIndices());
  CallBuilder call(op, "tmb_scatter_nd");
  scatterFields(call, op);
  call.field("tuples", product(indices.drop_back())).field("slice", product(x.drop_front(indices.back())));
  tupleFields(call, x.take_front(indices.back()));
  return call.field("element_bytes", elementBytes(elementOf(op.getX()))).finishAlone();
}

static_assert(int(nn::ScatterKind::Replace) == TMB_SCATTER_REPLACE && int(nn::ScatterKind::Add) == TMB_SCATTER_ADD &&
                  int(nn::ScatterKind::Mul) == TMB_SCATTER_MUL && int(nn::ScatterKind::Min) == TMB_SCATTER_MIN &&
                  int(nn::ScatterKind::Max) == TMB_SCATTER_MAX,
              "kinds of scattering of the dialect and of the runtime have the same numbers");

static void axisFields(CallBuilder &call, ArrayRef<int64_t> shape, int64_t axis) {
  call.field("outer", product(shape.take_front(axis))).field("depth", shape[axis]);
  call.field("inner", product(shape.drop_front(axis + 1)));
}

static FailureOr<Calls> selectTopK(nn::TopKOp op) {
  CallBuilder call(op, ("tmb_top_k_" + suffixOf(elementOf(op.getX()))).str());
  call.operand(0).results({0, 1});
  axisFields(call, shapeOf(op.getX()), op.getAxis());
  return call.field("k", shapeOf(op.getValues())[op.getAxis()]).field("smallest", op.getSmallest()).finishAlone();
}

static FailureOr<Calls> selectNonZero(nn::NonZeroOp op) {
  CallBuilder call(op, "tmb_non_zero");
  call.operand(0).results({0, 1}).field("rank", int64_t(shapeOf(op.getX()).size()));
  return call.field("dims", shapeOf(op.getX())).finishAlone();
}

static FailureOr<Calls> selectUnique(nn::UniqueOp op) {
  CallBuilder call(op, ("tmb_unique_" + suffixOf(elementOf(op.getX()))).str());
  call.operand(0).results({0, 1, 2, 3});
  axisFields(call, shapeOf(op.getX()), op.getAxis());
  return call.field("sorted", op.getSorted()).finishAlone();
}

static FailureOr<Calls> selectNonMaxSuppression(nn::NonMaxSuppressionOp op) {
  ArrayRef<int64_t> scores = shapeOf(op.getScores());
  CallBuilder call(op, "tmb_non_max_suppression_f32");
  call.operand(0).operand(1).operand(2).operand(3).operand(4).results({0, 1});
  call.field("batches", scores[0]).field("classes", scores[1]).field("boxes", scores[2]);
  return call.field("capacity", shapeOf(op.getSelected())[0]).field("center_point", op.getCenterPoint()).finishAlone();
}

static FailureOr<Calls> selectReverseSequence(nn::ReverseSequenceOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  bool isTimeFirst = op.getTimeAxis() == 0;
  CallBuilder call(op, "tmb_reverse_sequence");
  call.operand(0).operand(1).field("batch", x[isTimeFirst]).field("time", x[!isTimeFirst]);
  call.field("batch_stride", isTimeFirst ? 1 : x[1]).field("time_stride", isTimeFirst ? x[1] : 1);
  return call.field("inner_bytes", product(x.drop_front(2)) * elementBytes(elementOf(op.getX()))).finishAlone();
}

FailureOr<Calls> thimble::kernels::selectIndexing(Operation *op) {
  if (auto gather = dyn_cast<nn::GatherElementsOp>(op))
    return selectGatherElements(gather);
  if (auto gather = dyn_cast<nn::GatherNDOp>(op))
    return selectGatherND(gather);
  if (auto scatter = dyn_cast<nn::ScatterElementsOp>(op))
    return selectScatterElements(scatter);
  if (auto scatter = dyn_cast<nn::ScatterNDOp>(op))
    return selectScatterND(scatter);
  if (auto top = dyn_cast<nn::TopKOp>(op))
    return selectTopK(top);
  if (auto nonZero = dyn_cast<nn::NonZeroOp>(op))
    return selectNonZero(nonZero);
  if (auto unique = dyn_cast<nn::UniqueOp>(op))
    return selectUnique(unique);
  if (auto suppression = dyn_cast<nn::NonMaxSuppressionOp>(op))
    return selectNonMaxSuppression(suppression);
  return selectReverseSequence(cast<nn::ReverseSequenceOp>(op));
}
