// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of signal processing and linear algebra.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static FailureOr<Calls> selectCumSum(nn::CumSumOp op) {
  CallBuilder call(op, ("tmb_cumsum_" + suffixOf(elementOf(op.getX()))).str());
  call.operand(0).operand(1).field("rank", int64_t(shapeOf(op.getX()).size())).field("dims", shapeOf(op.getX()));
  return call.field("exclusive", op.getExclusive()).field("reverse", op.getReverse()).finishAlone();
}

static FailureOr<Calls> selectDet(nn::DetOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  CallBuilder call(op, "tmb_det_f32");
  call.operand(0).field("count", product(x.drop_back(2))).field("size", x.back());
  return call.scratch(std::max<int64_t>(x.back() * x.back() * 4, 4)).finishAlone();
}

static FailureOr<Calls> selectDft(nn::DftOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  int64_t axis = op.getAxis(), size = op.getLength();
  if (size > 1 << 20)
    return op.emitOpError("has ") << size << " points, which is too many for its table";
  constexpr double pi = 3.14159265358979323846;
  std::vector<float> twiddles(size_t(2 * size));
  for (int64_t k = 0; k < size; ++k) {
    double angle = 2 * pi * double(k) / double(size);
    twiddles[2 * k] = float(std::cos(angle));
    twiddles[2 * k + 1] = float(-std::sin(angle));
  }
  CallBuilder call(op, "tmb_dft_f32");
  call.operand(0).constant<float>("twiddles", Float32Type::get(op.getContext()), twiddles).scratch(8 * size);
  call.field("outer", product(x.take_front(axis))).field("in_size", x[axis]);
  call.field("inner", product(x.drop_front(axis + 1).drop_back())).field("size", size).field("bins", op.getBins());
  return call.field("is_complex", x.back() == 2).field("inverse", op.getInverse()).finishAlone();
}

// Frames that overlap are a strided copy in which some elements are read again.
static FailureOr<Calls> selectFrames(nn::FramesOp op) {
  Shape strides = denseStrides(shapeOf(op.getX()));
  ArrayRef<int64_t> y = shapeOf(op.getY());
  strides.insert(strides.begin() + op.getAxis(), strides[op.getAxis()] * int64_t(op.getStep()));
  Walk walk{Shape(y), {strides, denseStrides(y)}};
  walk.merge();
  CallBuilder call(op, "tmb_copy_nd");
  call.operand(0).field("rank", int64_t(walk.dims.size())).field("dims", walk.dims);
  call.field("element_bytes", elementBytes(elementOf(op.getX())));
  call.field("x_strides", walk.strides[0]).field("y_strides", walk.strides[1]);
  return call.field("x_offset", int64_t(0)).field("y_offset", int64_t(0)).finishAlone();
}

static FailureOr<Calls> selectCountNGrams(nn::CountNGramsOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  CallBuilder call(op, "tmb_count_ngrams");
  call.operand(0).operand(1).operand(2).field("rows", x[0]).field("cols", x[1]).field("size", shapeOf(op.getY())[1]);
  return call.field("count", shapeOf(op.getGrams())[0]).field("max_skip", int64_t(op.getMaxSkip())).finishAlone();
}

FailureOr<Calls> thimble::kernels::selectSignal(Operation *op) {
  if (auto cumsum = dyn_cast<nn::CumSumOp>(op))
    return selectCumSum(cumsum);
  if (auto det = dyn_cast<nn::DetOp>(op))
    return selectDet(det);
  if (auto dft = dyn_cast<nn::DftOp>(op))
    return selectDft(dft);
  if (auto frames = dyn_cast<nn::FramesOp>(op))
    return selectFrames(frames);
  return selectCountNGrams(cast<nn::CountNGramsOp>(op));
}
