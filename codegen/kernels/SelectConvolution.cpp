// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of convolutions, fully connected layers and matrix products, and the constants that they need.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Numeric.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static std::vector<double> weightScales(Type weightElement, int64_t channels) {
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(weightElement))
    return std::vector<double>(perAxis.getScales().begin(), perAxis.getScales().end());
  return std::vector<double>(channels, cast<quant::UniformQuantizedType>(weightElement).getScale());
}

namespace {
// What requantization needs beside the weights: bias with the input's zero point folded in, and one factor a channel.
struct IntegerConstants {
  std::vector<int32_t> bias, multipliers;
  int32_t shift = 0;
};
} // namespace

// bias[o] = b[o] - in_zero_point * sum w[o]; weights are [channels][anything].
static FailureOr<IntegerConstants> integerConstants(Operation *op, Value x, Value weights, Value bias, Value y) {
  FailureOr<ConstantData> w = ConstantData::get(weights);
  if (failed(w))
    return op->emitOpError("is quantized but its weights are not constant; int8 kernels need constant weights");
  int64_t channels = shapeOf(weights)[0], depth = w->size() / channels;
  IntegerConstants result;
  result.bias.resize(channels);
  if (bias) {
    FailureOr<ConstantData> b = ConstantData::get(bias);
    if (failed(b))
      return op->emitOpError("is quantized but its bias is not constant");
    llvm::copy(b->as<int32_t>(), result.bias.begin());
  }
  auto xType = nn::getInt8Type(x.getType()), yType = nn::getInt8Type(y.getType());
  ArrayRef<int8_t> codes = w->as<int8_t>();
  for (int64_t o = 0; o < channels; ++o) {
    int64_t sum = 0, magnitude = 0;
    for (int8_t code : codes.slice(o * depth, depth)) {
      sum += code;
      magnitude += std::abs(int(code));
    }
    int64_t folded = int64_t(result.bias[o]) - xType.getZeroPoint() * sum;
    if (std::abs(folded) + 128 * magnitude > INT32_MAX)
      return op->emitOpError("can overflow its 32-bit accumulator in output channel ") << o;
    result.bias[o] = int32_t(folded);
  }
  std::vector<double> factors = weightScales(elementOf(weights), channels);
  for (double &factor : factors)
    factor *= xType.getScale() / yType.getScale();
  FailureOr<int32_t> shift = commonRequantShift(factors);
  if (failed(shift))
    return op->emitOpError("scales of input, weights and output differ too much for a 32-bit requantization factor");
  result.shift = *shift;
  for (double factor : factors)
    result.multipliers.push_back(makeRequantFactor(factor, *shift)->multiplier);
  return result;
}

// Depthwise kernels want [kernel_h][kernel_w][out_c]; the operation has [out_c][kernel_h][kernel_w][1].
static NewConstant transposedDepthwise(Value weights, const ConstantData &data) {
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

// What follows input and weights: bias, multipliers and the clamp, of integers or of floats.
template <typename Op> static FailureOr<Calls> finishWeighted(CallBuilder &call, Op op) {
  call.macs(op.getMacs());
  if (!nn::isQuantized(op.getX().getType())) {
    if (op.getBias())
      call.operand(2);
    else
      call.constant(zeroBias(op.getContext(), shapeOf(op.getWeights())[0]));
    return call.real("act_min", op.getAct().first).real("act_max", op.getAct().second).finishAlone();
  }
  FailureOr<IntegerConstants> integers = integerConstants(op, op.getX(), op.getWeights(), op.getBias(), op.getY());
  if (failed(integers))
    return failure();
  Builder builder(op.getContext());
  auto yType = nn::getInt8Type(op.getY().getType());
  auto [low, high] = int8Clamp(yType, op.getAct());
  call.constant<int32_t>("bias", builder.getI32Type(), integers->bias);
  call.constant<int32_t>("multipliers", builder.getI32Type(), integers->multipliers);
  call.field("out_zero_point", yType.getZeroPoint()).field("shift", integers->shift);
  return call.field("act_min", low).field("act_max", high).finishAlone();
}

static FailureOr<Calls> selectConv2D(nn::Conv2DOp op) {
  bool quantized = nn::isQuantized(op.getX().getType()), isInteger = elementOf(op.getX()).isInteger(32);
  FailureOr<ConstantData> weights = ConstantData::get(op.getWeights());
  bool depthwise = !isInteger && op.isDepthwise() && succeeded(weights);
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights()), y = shapeOf(op.getY());

  CallBuilder call(op, std::string("tmb_") + (depthwise ? "depthwise_conv2d_" : "conv2d_") + (quantized ? "s8" : isInteger ? "s32" : "f32"));
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
  if (quantized)
    call.field("in_zero_point", nn::getInt8Type(op.getX().getType()).getZeroPoint());
  return finishWeighted(call, op);
}

static FailureOr<Calls> selectFullyConnected(nn::FullyConnectedOp op) {
  bool quantized = nn::isQuantized(op.getX().getType());
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights());
  CallBuilder call(op, quantized ? "tmb_fully_connected_s8" : "tmb_fully_connected_f32");
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
    auto aType = nn::getInt8Type(op.getA().getType()), bType = nn::getInt8Type(op.getB().getType());
    auto yType = nn::getInt8Type(op.getY().getType());
    if (!aType || !bType || !yType)
      return op.emitOpError("is quantized, so operands and result must be per-tensor int8");
    if (int64_t depth = ta ? a[a.size() - 2] : aWidth; depth > 32767)
      call.fail("sums " + llvm::Twine(depth) + " products, which can overflow its 32-bit accumulator");
    call.field("a_zero_point", aType.getZeroPoint()).field("b_zero_point", bType.getZeroPoint());
    call.field("out_zero_point", yType.getZeroPoint());
    call.requantFields(aType.getScale() * bType.getScale() / yType.getScale());
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
