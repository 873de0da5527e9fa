// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of convolutions, fully connected layers and matrix products, and the constants that they need.
#include "codegen/kernels/CallBuilder.h"
#include "codegen/kernels/PackWeights.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Numeric.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

// Depthwise kernels want [kernel_h][kernel_w][out_c]; the operation has [out_c][kernel_h][kernel_w][1].
NewConstant thimble::kernels::transposedDepthwise(Value weights, const ConstantData &data) {
  ArrayRef<int64_t> shape = shapeOf(weights);
  int64_t channels = shape[0], taps = shape[1] * shape[2], width = elementBytes(elementOf(weights));
  RankedTensorType stored = storageTensorType(tensorType(weights));
  NewConstant result{"weights", RankedTensorType::get({shape[1], shape[2], channels}, stored.getElementType()),
                     std::vector<char>(data.bytes().size())};
  for (int64_t o = 0; o < channels; ++o)
    for (int64_t t = 0; t < taps; ++t)
      std::copy_n(data.bytes().data() + (o * taps + t) * width, width, result.bytes.data() + (t * channels + o) * width);
  return result;
}

static NewConstant zeroBias(MLIRContext *context, int64_t channels) {
  return {"bias", RankedTensorType::get({channels}, Float32Type::get(context)), std::vector<char>(channels * sizeof(float))};
}

// What follows input and weights of a float operation: bias and the clamp.
template <typename Op> static FailureOr<Calls> finishWeighted(CallBuilder &call, Op op) {
  call.macs(op.getMacs());
  if (op.getBias())
    call.operand(2);
  else
    call.constant(zeroBias(op.getContext(), shapeOf(op.getWeights())[0]));
  return call.real("act_min", op.getAct().first).real("act_max", op.getAct().second).finishAlone();
}

// The shapes alone, for the rules that float32 and int8 kernels have in common.
static tmb_conv2d_s8_params shapesOf(nn::Conv2DOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights()), y = shapeOf(op.getY());
  tmb_conv2d_s8_params p = {};
  p.batch = int32_t(x[0]), p.in_h = int32_t(x[1]), p.in_w = int32_t(x[2]), p.in_c = int32_t(x[3]);
  p.out_h = int32_t(y[1]), p.out_w = int32_t(y[2]), p.out_c = int32_t(y[3]);
  p.kernel_h = int32_t(w[1]), p.kernel_w = int32_t(w[2]);
  p.stride_h = int32_t(op.getStrides()[0]), p.stride_w = int32_t(op.getStrides()[1]);
  p.dilation_h = int32_t(op.getDilations()[0]), p.dilation_w = int32_t(op.getDilations()[1]);
  p.pad_top = int32_t(op.getPads()[0]), p.pad_left = int32_t(op.getPads()[1]);
  p.groups = int32_t(op.getGroups());
  return p;
}

// Up to four rows of outputs are written while the rows of inputs from their first window on may still be read.
std::optional<int64_t> thimble::kernels::depthwiseFloatOverlap(const tmb_conv2d_s8_params &p) {
  if (int64_t(p.batch) * p.out_h > (int64_t(1) << 24))
    return std::nullopt;
  int64_t distance = 0;
  for (int64_t n = 0; n < p.batch; ++n)
    for (int64_t oy = 0; oy < p.out_h; ++oy) {
      int64_t written = (n * p.out_h + std::min<int64_t>(oy + 4, p.out_h)) * p.out_w * p.out_c;
      int64_t needed = std::clamp<int64_t>(oy * p.stride_h - p.pad_top, 0, p.in_h);
      distance = std::max(distance, written - (n * p.in_h + needed) * p.in_w * p.in_c);
    }
  return distance;
}

static FailureOr<Calls> selectConv2D(nn::Conv2DOp op) {
  bool isInteger = elementOf(op.getX()).isInteger(32);
  if (nn::isQuantized(op.getX().getType()))
    return selectInt8Conv2D(op);
  FailureOr<ConstantData> weights = ConstantData::get(op.getWeights());
  bool depthwise = !isInteger && op.isDepthwise() && succeeded(weights);
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights()), y = shapeOf(op.getY());

  CallBuilder call(op, std::string("tmb_") + (depthwise ? "depthwise_conv2d_f32" : isInteger ? "conv2d_s32" : "conv2d_f32"));
  call.operand(0);
  if (depthwise)
    call.constant(transposedDepthwise(op.getWeights(), *weights));
  else
    call.operand(1);
  call.field("batch", x[0]).field("in_h", x[1]).field("in_w", x[2]).field("in_c", x[3]);
  call.field("out_h", y[1]).field("out_w", y[2]).field("out_c", y[3]).field("kernel_h", w[1]).field("kernel_w", w[2]);
  call.field("stride_h", op.getStrides()[0]).field("stride_w", op.getStrides()[1]);
  call.field("dilation_h", op.getDilations()[0]).field("dilation_w", op.getDilations()[1]);
  call.field("pad_top", op.getPads()[0]).field("pad_left", op.getPads()[1]).field("groups", op.getGroups());
  if (isInteger)
    return call.macs(op.getMacs()).real("act_min", 0).real("act_max", 0).finishAlone();
  // Shapes are those of tensors that exist, so their products fit.
  tmb_conv2d_s8_params shapes = shapesOf(op);
  constexpr int64_t bytes = sizeof(float);
  if (!depthwise)
    call.scratch(4 * w[1] * w[2] * w[3] * bytes);
  if (std::optional<int64_t> distance = depthwise ? depthwiseFloatOverlap(shapes) : convolutionOverlap(shapes))
    call.overlap(*distance * bytes);
  return finishWeighted(call, op);
}

static FailureOr<Calls> selectFullyConnected(nn::FullyConnectedOp op) {
  if (nn::isQuantized(op.getX().getType()))
    return selectInt8FullyConnected(op);
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights());
  CallBuilder call(op, "tmb_fully_connected_f32");
  call.operand(0).operand(1).field("rows", x[0]).field("depth", x[1]).field("cols", w[0]);
  return finishWeighted(call, op);
}

static FailureOr<Calls> selectMatMul(nn::MatMulOp op) {
  bool quantized = nn::isQuantized(op.getA().getType());
  Type element = elementOf(op.getA());
  if (!quantized && !element.isF32() && !element.isSignlessInteger(32) && !element.isSignlessInteger(64))
    return op.emitOpError("has no kernel for elements of type ") << elementOf(op.getA());
  ArrayRef<int64_t> a = shapeOf(op.getA()), b = shapeOf(op.getB()), y = shapeOf(op.getY());
  // Strides of the batch dimensions in elements: those of the whole tensor, repeated where a dimension is broadcast.
  auto batchStrides = [&](ArrayRef<int64_t> shape) {
    Shape dense = denseStrides(shape), strides(y.size() - 2, 0);
    for (size_t i = 0; i + 2 < shape.size(); ++i)
      strides[y.size() - shape.size() + i] = shape[i] == 1 ? 0 : dense[i];
    return strides;
  };
  Walk walk{Shape(y.drop_back(2)), {batchStrides(a), batchStrides(b)}};
  walk.merge();
  int64_t aWidth = a.back(), bWidth = b.back();
  bool ta = op.getTransposeA(), tb = op.getTransposeB();
  CallBuilder call(op, ("tmb_matmul_" + suffixOf(element)).str());
  call.operand(0).operand(1).macs(op.getMacs());
  call.field("batch_rank", int64_t(walk.dims.size())).field("batch_dims", walk.dims);
  call.field("a_batch_strides", walk.strides[0]).field("b_batch_strides", walk.strides[1]);
  call.field("rows", y[y.size() - 2]).field("depth", ta ? a[a.size() - 2] : aWidth).field("cols", y.back());
  call.field("a_row_stride", ta ? 1 : aWidth).field("a_col_stride", ta ? aWidth : 1);
  call.field("b_row_stride", tb ? 1 : bWidth).field("b_col_stride", tb ? bWidth : 1);
  if (quantized) {
    auto aType = nn::getActivationType(op.getA().getType()), bType = nn::getActivationType(op.getB().getType());
    auto yType = nn::getActivationType(op.getY().getType());
    bool isInt16 = yType && yType.getStorageTypeIntegralWidth() == 16;
    if (!aType || !bType || !yType || aType.getStorageType() != yType.getStorageType() ||
        bType.getStorageType() != yType.getStorageType())
      return op.emitOpError("is quantized, so operands and result must be per-tensor int8, or all symmetric int16");
    double factor = aType.getScale() * bType.getScale() / yType.getScale();
    if (int64_t depth = ta ? a[a.size() - 2] : aWidth; depth > (isInt16 ? 65535 : 32767))
      call.fail("sums " + llvm::Twine(depth) + " products, which can overflow its accumulator");
    call.field("a_zero_point", aType.getZeroPoint()).field("b_zero_point", bType.getZeroPoint());
    call.field("out_zero_point", yType.getZeroPoint());
    if (!isInt16)
      call.requantFields(factor);
    else if (FailureOr<RequantFactor> wide = makeWideFactor(factor); succeeded(wide))
      call.field("multiplier", wide->multiplier).field("shift", wide->shift);
    else
      call.fail("scales of operands and result differ too much for the int16 kernel");
  }
  return call.finishAlone();
}

FailureOr<Calls> thimble::kernels::selectConvolution(Operation *op) {
  if (auto conv = dyn_cast<nn::Conv2DOp>(op))
    return selectConv2D(conv);
  if (auto fullyConnected = dyn_cast<nn::FullyConnectedOp>(op))
    return selectFullyConnected(fullyConnected);
  return selectMatMul(cast<nn::MatMulOp>(op));
}
