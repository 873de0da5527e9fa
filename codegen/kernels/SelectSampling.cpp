// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of sampling operations.
#include "codegen/kernels/CallBuilder.h"
#include "thimble/tmb_abi.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static_assert(int(nn::SampleKind::Nearest) == TMB_SAMPLE_NEAREST && int(nn::SampleKind::Linear) == TMB_SAMPLE_LINEAR &&
                  int(nn::SampleKind::Cubic) == TMB_SAMPLE_CUBIC && int(nn::SampleBorder::Zeros) == TMB_SAMPLE_ZEROS &&
                  int(nn::SampleBorder::Edge) == TMB_SAMPLE_EDGE && int(nn::SampleBorder::Reflection) == TMB_SAMPLE_REFLECTION,
              "kinds of sampling of the dialect and of the runtime have the same numbers");

static FailureOr<Calls> selectGridSample(nn::GridSampleOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), y = shapeOf(op.getY());
  int64_t count = 1;
  for (int64_t dim : y.drop_front(2))
    count *= dim;
  CallBuilder call(op, "tmb_grid_sample_f32");
  call.operand(0).operand(1).field("batch", x[0]).field("channels", x[1]).field("rank", int64_t(x.size()) - 2);
  call.field("in_dims", x.drop_front(2)).field("out_count", count).field("mode", int64_t(op.getKind()));
  return call.field("border", int64_t(op.getBorder())).field("align_corners", op.getAlignCorners()).finishAlone();
}

static void regionFields(CallBuilder &call, Value x, Value y, double scale) {
  ArrayRef<int64_t> in = shapeOf(x), out = shapeOf(y);
  call.field("batch", in[0]).field("channels", in[1]).field("in_h", in[2]).field("in_w", in[3]);
  call.field("regions", out[0]).field("out_h", out[2]).field("out_w", out[3]).real("scale", scale);
  if (in[0] < 1)
    call.fail("reads regions of no image");
}

static FailureOr<Calls> selectRoiAlign(nn::RoiAlignOp op) {
  CallBuilder call(op, "tmb_roi_align_f32");
  call.operand(0).operand(1).operand(2).field("samples", op.getSamples()).field("half_pixel", op.getHalfPixel());
  regionFields(call, op.getX(), op.getY(), op.getScale().convertToDouble());
  return call.field("maximum", op.getMaximum()).finishAlone();
}

static FailureOr<Calls> selectMaxRoiPool(nn::MaxRoiPoolOp op) {
  CallBuilder call(op, "tmb_max_roi_pool_f32");
  call.operand(0).operand(1).field("samples", 0).field("half_pixel", 0).field("maximum", 1);
  regionFields(call, op.getX(), op.getY(), op.getScale().convertToDouble());
  return call.finishAlone();
}

static FailureOr<Calls> selectMaxPoolIndices(nn::MaxPoolIndicesOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), y = shapeOf(op.getY());
  CallBuilder call(op, "tmb_max_pool_indices_f32");
  call.operand(0).results({0, 1}).field("outer", x[0] * x[1]).field("rank", int64_t(x.size()) - 2);
  call.field("in_dims", x.drop_front(2)).field("out_dims", y.drop_front(2)).field("kernel", op.getKernel());
  call.field("strides", op.getStrides()).field("pads", op.getPads()).field("dilations", op.getDilations());
  return call.field("column_major", op.getColumnMajor()).finishAlone();
}

static FailureOr<Calls> selectDeformConv2D(nn::DeformConv2DOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights()), y = shapeOf(op.getY());
  // Operands that are left out are not read: the offsets stand in their place.
  CallBuilder call(op, "tmb_deform_conv2d_f32");
  call.operand(0).operand(1).operand(2).operand(op.getBias() ? 3 : 2).operand(op.getMask() ? op->getNumOperands() - 1 : 2);
  call.field("has_bias", op.getBias() ? 1 : 0).field("has_mask", op.getMask() ? 1 : 0);
  call.field("batch", x[0]).field("in_c", x[1]).field("in_h", x[2]).field("in_w", x[3]);
  call.field("out_c", y[1]).field("out_h", y[2]).field("out_w", y[3]).field("kernel_h", w[2]).field("kernel_w", w[3]);
  call.field("stride_h", op.getStrides()[0]).field("stride_w", op.getStrides()[1]);
  call.field("dilation_h", op.getDilations()[0]).field("dilation_w", op.getDilations()[1]);
  call.field("pad_top", op.getPads()[0]).field("pad_left", op.getPads()[1]);
  call.macs(y[0] * y[1] * y[2] * y[3] * w[1] * w[2] * w[3]);
  return call.field("groups", op.getGroups()).field("offset_groups", op.getOffsetGroups()).finishAlone();
}

FailureOr<Calls> thimble::kernels::selectSampling(Operation *op) {
  if (auto sample = dyn_cast<nn::GridSampleOp>(op))
    return selectGridSample(sample);
  if (auto align = dyn_cast<nn::RoiAlignOp>(op))
    return selectRoiAlign(align);
  if (auto pool = dyn_cast<nn::MaxRoiPoolOp>(op))
    return selectMaxRoiPool(pool);
  if (auto pool = dyn_cast<nn::MaxPoolIndicesOp>(op))
    return selectMaxPoolIndices(pool);
  return selectDeformConv2D(cast<nn::DeformConv2DOp>(op));
}
