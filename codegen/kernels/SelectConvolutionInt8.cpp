// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// int8 kernels of convolutions and fully connected layers, and the constants that they need.
#include "codegen/kernels/CallBuilder.h"
#include "codegen/kernels/PackWeights.h"
#include "compiler/support/Numeric.h"
#include "thimble/tmb_layout.h"

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

// A stream of words with weights, biases and multipliers.
static NewConstant streamConstant(MLIRContext *context, const std::vector<int32_t> &stream) {
  const char *bytes = reinterpret_cast<const char *>(stream.data());
  return {"weights", RankedTensorType::get({int64_t(stream.size())}, IntegerType::get(context, 32)),
          std::vector<char>(bytes, bytes + stream.size() * sizeof(int32_t))};
}

// Sizes of a layer as 64-bit numbers; the layouts of tmb_layout.h compute in 32 bits.
static bool fitsLayout(ArrayRef<int64_t> sizes) {
  int64_t product = 64;
  for (int64_t size : sizes)
    if (llvm::MulOverflow(product, std::max<int64_t>(size, 1), product) || product > INT32_MAX)
      return false;
  return true;
}

// The fields that say where the windows are, without quantization.
FailureOr<tmb_conv2d_s8_params> thimble::kernels::int8Geometry(nn::Conv2DOp op) {
  auto x = op.getImageShape();
  ArrayRef<int64_t> w = shapeOf(op.getWeights()), y = shapeOf(op.getY());
  for (ArrayRef<int64_t> list : {ArrayRef<int64_t>(x), w, y, op.getStrides(), op.getDilations(), op.getPads()})
    for (int64_t value : list)
      if (value > INT32_MAX / 8 || value < INT32_MIN / 8)
        return op.emitOpError("has a size of ") << value << ", which is beyond what its kernel computes with";
  // Four windows, of up to four times as many bytes with their padding, in 16 bits.
  if (!fitsLayout({w[1], w[2], w[3]}))
    return op.emitOpError("has a window that is too large for its kernel");
  tmb_conv2d_s8_params p = {};
  p.batch = x[0], p.in_h = x[1], p.in_w = x[2], p.in_c = x[3];
  p.out_h = y[1], p.out_w = y[2], p.out_c = y[3];
  p.kernel_h = w[1], p.kernel_w = w[2];
  p.stride_h = op.getStrides()[0], p.stride_w = op.getStrides()[1];
  p.dilation_h = op.getDilations()[0], p.dilation_w = op.getDilations()[1];
  p.pad_top = op.getPads()[0], p.pad_left = op.getPads()[1];
  p.groups = op.getGroups();
  p.blocks = 1;
  p.in_zero_point = nn::getActivationType(op.getX().getType()).getZeroPoint();
  return p;
}

static void geometryFields(CallBuilder &call, const tmb_conv2d_s8_params &p) {
  call.field("batch", p.batch).field("in_h", p.in_h).field("in_w", p.in_w).field("in_c", p.in_c);
  call.field("out_h", p.out_h).field("out_w", p.out_w).field("out_c", p.out_c);
  call.field("kernel_h", p.kernel_h).field("kernel_w", p.kernel_w);
  call.field("stride_h", p.stride_h).field("stride_w", p.stride_w);
  call.field("dilation_h", p.dilation_h).field("dilation_w", p.dilation_w);
  call.field("pad_top", p.pad_top).field("pad_left", p.pad_left).field("groups", p.groups);
  call.field("in_zero_point", p.in_zero_point).field("blocks", p.blocks);
}

// What all kernels do with their accumulators.
template <typename Op> static FailureOr<Calls> finishInt8(CallBuilder &call, Op op, int64_t shift) {
  auto yType = nn::getInt8Type(op.getY().getType());
  auto [low, high] = int8Clamp(yType, op.getAct());
  call.field("out_zero_point", yType.getZeroPoint()).field("shift", shift);
  return call.field("act_min", low).field("act_max", high).macs(op.getMacs()).finishAlone();
}

// A fully connected layer of few rows; weights are [cols][depth] in memory.
template <typename Op>
static FailureOr<Calls> fullyConnected(Op op, const IntegerConstants &integers, ArrayRef<int8_t> weights, int64_t rows,
                                       int64_t depth) {
  if (!fitsLayout({depth}))
    return op.emitOpError("has a depth of ") << depth << ", which is too large for its kernel";
  CallBuilder call(op, "tmb_fully_connected_s8");
  call.operand(0);
  call.constant(
      streamConstant(op.getContext(), packFullyConnected(weights, integers.bias, integers.multipliers, int32_t(depth))));
  call.field("rows", rows).field("depth", depth).field("cols", int64_t(integers.bias.size()));
  return finishInt8(call, op, integers.shift);
}

// Operands and geometry of kernels whose weights, biases and multipliers are one stream.
static void streamOperands(CallBuilder &call, MLIRContext *context, const std::vector<int32_t> &stream, int64_t scratchBytes,
                           std::optional<int64_t> overlap, const tmb_conv2d_s8_params &p) {
  call.operand(0);
  call.constant(streamConstant(context, stream));
  call.scratch(scratchBytes);
  if (overlap)
    call.overlap(*overlap);
  geometryFields(call, p);
}

template <typename Op>
static FailureOr<Calls> convolution(Op op, const IntegerConstants &integers, ArrayRef<int8_t> weights,
                                    const tmb_conv2d_s8_params &p) {
  CallBuilder call(op, "tmb_conv2d_s8");
  streamOperands(call, op.getContext(), packConvolution(weights, integers.bias, integers.multipliers, p),
                 tmb_conv2d_s8_scratch_bytes(&p), convolutionOverlap(p), p);
  return finishInt8(call, op, integers.shift);
}

static FailureOr<Calls> planarConvolution(nn::Conv2DOp op, const IntegerConstants &integers, ArrayRef<int8_t> weights,
                                          const tmb_conv2d_s8_params &p) {
  CallBuilder call(op, "tmb_conv2d_planes_s8");
  streamOperands(call, op.getContext(), packPlanarConvolution(weights, integers.bias, integers.multipliers, p),
                 tmb_conv2d_planes_s8_scratch_bytes(&p), planarConvolutionOverlap(p), p);
  call.field("plane", int64_t(p.in_h) * p.in_w);
  return finishInt8(call, op, integers.shift);
}

// The constraints of tmb_depthwise3x3_s8.
static bool isDepthwise3x3(const tmb_conv2d_s8_params &p, int64_t shift) {
  return p.kernel_h == 3 && p.kernel_w == 3 && p.dilation_h == 1 && p.dilation_w == 1 && p.out_c == p.in_c && shift == 0 &&
         p.stride_h == p.stride_w && (p.stride_h == 1 || p.stride_h == 2) && p.pad_top <= 2 && p.pad_left <= 2 &&
         p.out_h <= p.in_h && p.out_w <= p.in_w;
}

static FailureOr<Calls> depthwise(nn::Conv2DOp op, const IntegerConstants &integers, const ConstantData &weights,
                                  tmb_conv2d_s8_params p) {
  Builder builder(op.getContext());
  if (isDepthwise3x3(p, integers.shift)) {
    // The rows of all channels at once, unless they take much scratch.
    constexpr int32_t mostScratch = 4096;
    p.blocks = p.stride_h == 2 ? 2 : 1;
    if (tmb_depthwise3x3_s8_scratch_bytes(&p) > mostScratch)
      p.blocks = 1;
    CallBuilder call(op, "tmb_depthwise3x3_s8");
    streamOperands(call, op.getContext(), packDepthwise3x3(weights.as<int8_t>(), integers.bias, integers.multipliers),
                   tmb_depthwise3x3_s8_scratch_bytes(&p), depthwise3x3Overlap(p), p);
    return finishInt8(call, op, integers.shift);
  }
  CallBuilder call(op, "tmb_depthwise_conv2d_s8");
  call.operand(0).constant(transposedDepthwise(op.getWeights(), weights));
  call.constant<int32_t>("bias", builder.getI32Type(), integers.bias);
  call.constant<int32_t>("multipliers", builder.getI32Type(), integers.multipliers);
  geometryFields(call, p);
  return finishInt8(call, op, integers.shift);
}

FailureOr<Calls> thimble::kernels::selectInt8Conv2D(nn::Conv2DOp op) {
  FailureOr<IntegerConstants> integers = integerConstants(op, op.getX(), op.getWeights(), op.getBias(), op.getY());
  if (failed(integers))
    return failure();
  FailureOr<tmb_conv2d_s8_params> p = int8Geometry(op);
  if (failed(p))
    return failure();
  FailureOr<ConstantData> weights = ConstantData::get(op.getWeights());
  if (op.getPlanar())
    return planarConvolution(op, *integers, weights->as<int8_t>(), *p);
  if (op.isDepthwise())
    return depthwise(op, *integers, *weights, *p);
  // One window that is the whole input.
  bool whole = p->batch == 1 && p->groups == 1 && p->out_h == 1 && p->out_w == 1 && p->kernel_h == p->in_h &&
               p->kernel_w == p->in_w && p->pad_top == 0 && p->pad_left == 0 && (p->dilation_h == 1 || p->kernel_h == 1) &&
               (p->dilation_w == 1 || p->kernel_w == 1);
  if (whole)
    return fullyConnected(op, *integers, weights->as<int8_t>(), 1, int64_t(p->in_h) * p->in_w * p->in_c);
  return convolution(op, *integers, weights->as<int8_t>(), *p);
}

FailureOr<Calls> thimble::kernels::selectInt8FullyConnected(nn::FullyConnectedOp op) {
  FailureOr<IntegerConstants> integers = integerConstants(op, op.getX(), op.getWeights(), op.getBias(), op.getY());
  if (failed(integers))
    return failure();
  FailureOr<ConstantData> weights = ConstantData::get(op.getWeights());
  int64_t rows = shapeOf(op.getX())[0], depth = shapeOf(op.getX())[1], cols = shapeOf(op.getWeights())[0];
  if (rows < 4 || !fitsLayout({rows}) || !fitsLayout({depth}) || !fitsLayout({cols}))
    return fullyConnected(op, *integers, weights->as<int8_t>(), rows, depth);
  // Many rows are a convolution of one tap over an image that is one row of pixels: each weight is loaded once for four of them.
  tmb_conv2d_s8_params p = {};
  p.batch = p.in_h = p.out_h = p.kernel_h = p.kernel_w = p.groups = 1;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  p.in_w = p.out_w = int32_t(rows);
  p.in_c = int32_t(depth);
  p.out_c = int32_t(cols);
  return convolution(op, *integers, weights->as<int8_t>(), p);
}
