// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// int16 kernels, other than those that int8 selection finds by their suffix, and the constants that they need.
#include "codegen/kernels/CallBuilder.h"
#include "codegen/kernels/PackWeights.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Numeric.h"
#include "thimble/tmb_layout.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static double scaleOf(Value value) { return nn::getActivationType(value.getType()).getScale(); }

namespace {
// What follows the sums: biases, and one factor a channel.
struct WideConstants {
  std::vector<int32_t> bias, multipliers;
  int32_t shift = 0;
  bool isNarrow = true; // 32 bits hold every sum
};
} // namespace

static std::vector<double> channelFactors(Value x, Value weights, Value y) {
  int64_t channels = shapeOf(weights)[0];
  std::vector<double> factors;
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(elementOf(weights)))
    factors.assign(perAxis.getScales().begin(), perAxis.getScales().end());
  else
    factors.assign(size_t(channels), cast<quant::UniformQuantizedType>(elementOf(weights)).getScale());
  for (double &factor : factors)
    factor *= scaleOf(x) / scaleOf(y);
  return factors;
}

// Weights are [channels][anything].
static FailureOr<WideConstants> wideConstants(Operation *op, Value x, Value weights, Value bias, Value y, bool allowsWide) {
  FailureOr<ConstantData> w = ConstantData::get(weights), b = bias ? ConstantData::get(bias) : FailureOr<ConstantData>();
  if (failed(w) || (bias && failed(b)))
    return op->emitOpError("is quantized but its weights or its bias are not constant; int16 kernels need constants");
  int64_t channels = shapeOf(weights)[0], depth = channels == 0 ? 0 : w->size() / channels;
  WideConstants result;
  result.bias.resize(size_t(channels));
  if (bias)
    llvm::copy(b->as<int32_t>(), result.bias.begin());
  for (int64_t o = 0; o < channels; ++o) {
    int64_t sum = std::abs(int64_t(result.bias[size_t(o)]));
    for (int8_t code : w->as<int8_t>().slice(size_t(o * depth), size_t(depth)))
      sum += 32768 * std::abs(int64_t(code));
    result.isNarrow &= sum <= INT32_MAX;
    if (sum >= int64_t(1) << 46)
      return op->emitOpError("sums more products than its 64-bit accumulator can requantize");
  }
  if (!result.isNarrow && !allowsWide)
    return op->emitOpError("can overflow its 32-bit accumulator");
  std::vector<double> factors = channelFactors(x, weights, y);
  if (result.isNarrow) {
    FailureOr<int32_t> shift = commonRequantShift(factors);
    if (failed(shift))
      return op->emitOpError("scales of input, weights and output differ too much for a 32-bit requantization factor");
    result.shift = *shift;
  } else {
    double largest = factors.empty() ? 0 : *llvm::max_element(factors);
    FailureOr<RequantFactor> factor = makeWideFactor(largest);
    if (failed(factor))
      return op->emitOpError("scales of input, weights and output differ too much for a requantization factor");
    result.shift = factor->shift;
  }
  for (double factor : factors)
    result.multipliers.push_back(int32_t(std::llround(std::ldexp(factor, 32 - result.shift))));
  return result;
}

template <typename Op>
static FailureOr<Calls> finishWeighted(CallBuilder &call, Op op, const tmb_conv2d_s8_params &p, int64_t shift) {
  auto [low, high] = int8Clamp(nn::getInt16Type(op.getY().getType()), op.getAct());
  call.field("batch", p.batch).field("in_h", p.in_h).field("in_w", p.in_w).field("in_c", p.in_c);
  call.field("out_h", p.out_h).field("out_w", p.out_w).field("out_c", p.out_c);
  call.field("kernel_h", p.kernel_h).field("kernel_w", p.kernel_w);
  call.field("stride_h", p.stride_h).field("stride_w", p.stride_w);
  call.field("dilation_h", p.dilation_h).field("dilation_w", p.dilation_w);
  call.field("pad_top", p.pad_top).field("pad_left", p.pad_left).field("groups", p.groups);
  call.field("in_zero_point", 0).field("out_zero_point", 0).field("shift", shift).field("blocks", 1);
  return call.field("act_min", low).field("act_max", high).macs(op.getMacs()).finishAlone();
}

template <typename Op> static FailureOr<Calls> convolution(Op op, const tmb_conv2d_s8_params &p) {
  FailureOr<WideConstants> constants = wideConstants(op, op.getX(), op.getWeights(), op.getBias(), op.getY(), true);
  if (failed(constants))
    return failure();
  FailureOr<ConstantData> weights = ConstantData::get(op.getWeights());
  std::vector<int32_t> stream = packConvolution16(weights->as<int8_t>(), constants->bias, constants->multipliers, p);
  CallBuilder call(op, constants->isNarrow ? "tmb_conv2d_s16" : "tmb_conv2d_wide_s16");
  call.operand(0).constant<int32_t>("weights", IntegerType::get(op.getContext(), 32), stream);
  call.scratch(tmb_conv2d_s16_scratch_bytes(&p));
  return finishWeighted(call, op, p, constants->shift);
}

static FailureOr<Calls> selectConv2D(nn::Conv2DOp op) {
  FailureOr<tmb_conv2d_s8_params> p = int8Geometry(op);
  if (failed(p))
    return failure();
  int64_t taps = int64_t(p->kernel_h) * p->kernel_w;
  if (!op.isDepthwise() || taps > 256)
    return convolution(op, *p);
  FailureOr<WideConstants> constants = wideConstants(op, op.getX(), op.getWeights(), op.getBias(), op.getY(), false);
  if (failed(constants))
    return failure();
  Builder builder(op.getContext());
  CallBuilder call(op, "tmb_depthwise_conv2d_s16");
  call.operand(0).constant(transposedDepthwise(op.getWeights(), *ConstantData::get(op.getWeights())));
  call.constant<int32_t>("bias", builder.getI32Type(), constants->bias);
  call.constant<int32_t>("multipliers", builder.getI32Type(), constants->multipliers);
  return finishWeighted(call, op, *p, constants->shift);
}

// A convolution of one tap over an image that is one row of pixels.
static FailureOr<Calls> selectFullyConnected(nn::FullyConnectedOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights());
  for (int64_t size : {x[0], x[1], w[0]})
    if (size > INT32_MAX / 64)
      return op.emitOpError("has a size of ") << size << ", which is beyond what its kernel computes with";
  tmb_conv2d_s8_params p = {};
  p.batch = p.in_h = p.out_h = p.kernel_h = p.kernel_w = p.groups = 1;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  p.in_w = p.out_w = int32_t(x[0]);
  p.in_c = int32_t(x[1]);
  p.out_c = int32_t(w[0]);
  return convolution(op, p);
}

// y = (a * ma + b * mb) * 2^-16.
static void addFields(CallBuilder &call, nn::BinaryOp op) {
  double a = scaleOf(op.getA()) / scaleOf(op.getY()), b = scaleOf(op.getB()) / scaleOf(op.getY());
  if (std::max(a, b) >= 32767)
    call.fail("scales of operands and result differ too much for an int16 addition");
  int64_t sign = op.getKind() == nn::BinaryKind::Sub ? -1 : 1;
  call.field("a_multiplier", std::llround(a * 65536)).field("b_multiplier", sign * std::llround(b * 65536));
}

// The factor of a / b as multiplier * 2^(30 - shift). What is beyond the limits of the shift saturates, or is 0, all the same.
static void divisionFields(CallBuilder &call, double factor) {
  int exponent = 0;
  int64_t multiplier = std::llround(std::ldexp(std::frexp(factor, &exponent), 31));
  if (multiplier > INT32_MAX) {
    multiplier /= 2;
    ++exponent;
  }
  if (61 - exponent < 16)
    multiplier = INT32_MAX;
  call.field("multiplier", multiplier).field("shift", std::clamp(61 - exponent, 16, 100));
}

static FailureOr<Calls> selectBinary(nn::BinaryOp op) {
  std::string kind = nn::stringifyBinaryKind(op.getKind()).str();
  bool isSum = op.getKind() == nn::BinaryKind::Add || op.getKind() == nn::BinaryKind::Sub;
  bool isExtremum = op.getKind() == nn::BinaryKind::Min || op.getKind() == nn::BinaryKind::Max;
  bool isPRelu = op.getKind() == nn::BinaryKind::PRelu, isDivision = op.getKind() == nn::BinaryKind::Div;
  if (!isSum && !isExtremum && !isPRelu && !isDivision && op.getKind() != nn::BinaryKind::Mul)
    return noKernel(op, kind, elementOf(op.getY()));
  if (isExtremum && (op.getActMin() || op.getActMax()))
    return op.emitOpError("has a clamp, which the int16 kernel does not do");
  CallBuilder call(op, "tmb_" + (isSum ? "add" : kind) + "_s16");
  call.operand(0).operand(1);
  binaryFields(call, op.getA(), op.getB(), op.getY());
  if (isExtremum)
    return call.finishAlone();
  double a = scaleOf(op.getA()), b = scaleOf(op.getB()), y = scaleOf(op.getY());
  if (isSum)
    addFields(call, op);
  else if (isDivision)
    divisionFields(call, a / b / y);
  else if (isPRelu)
    call.requantFields(a / y, "positive_").requantFields(a * b / y, "negative_");
  else
    call.field("a_zero_point", 0).field("b_zero_point", 0).field("out_zero_point", 0).requantFields(a * b / y);
  auto [low, high] = int8Clamp(nn::getInt16Type(op.getY().getType()), op.getAct());
  return call.field("act_min", low).field("act_max", high).finishAlone();
}

static FailureOr<Calls> selectClamp(nn::UnaryOp op) {
  auto type = nn::getInt16Type(op.getX().getType());
  auto [low, high] = int8Clamp(type, {op.getAlpha().convertToFloat(), op.getBeta().convertToFloat()});
  CallBuilder call(op, "tmb_clamp_s16");
  call.operand(0).field("count", tensorType(op.getX()).getNumElements());
  return call.field("low", low).field("high", high).finishAlone();
}

static FailureOr<Calls> selectLookup(nn::LookupOp op) {
  CallBuilder call(op, "tmb_lookup_s16");
  int64_t segments = shapeOf(op.getTable())[0] - 1;
  call.operand(0).operand(1).field("count", tensorType(op.getX()).getNumElements());
  return call.field("shift", 16 - int64_t(llvm::Log2_64(uint64_t(segments)))).finishAlone();
}

static FailureOr<Calls> selectConversion(Operation *op) {
  Value x = op->getOperand(0), y = op->getResult(0);
  int64_t count = tensorType(x).getNumElements();
  if (isa<nn::QuantizeOp>(op)) {
    CallBuilder call(op, "tmb_quantize_f32_s16");
    return call.operand(0).field("count", count).real("scale", 1.0 / scaleOf(y)).field("zero_point", 0).finishAlone();
  }
  if (isa<nn::DequantizeOp>(op)) {
    CallBuilder call(op, "tmb_dequantize_s16_f32");
    return call.operand(0).field("count", count).real("scale", scaleOf(x)).field("zero_point", 0).finishAlone();
  }
  auto from = nn::getActivationType(x.getType()), to = nn::getActivationType(y.getType());
  bool isFrom8 = bool(nn::getInt8Type(x.getType())), isTo8 = bool(nn::getInt8Type(y.getType()));
  CallBuilder call(op, isFrom8 ? "tmb_requantize_s8_s16" : isTo8 ? "tmb_requantize_s16_s8" : "tmb_requantize_s16");
  call.operand(0).field("count", count).field("in_zero_point", from.getZeroPoint()).field("out_zero_point", to.getZeroPoint());
  return call.requantFields(from.getScale() / to.getScale()).finishAlone();
}

static FailureOr<Calls> selectSoftmax(nn::SoftmaxOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  CallBuilder call(op, "tmb_softmax_s16");
  call.operand(0).field("outer", product(x.take_front(op.getAxis()))).field("depth", x[op.getAxis()]);
  call.field("inner", product(x.drop_front(op.getAxis() + 1)));
  if (x[op.getAxis()] > 65535)
    call.fail("normalizes more than 65535 elements, which its sum cannot hold");
  // A step of x is that many steps of 2^-20 in the exponent of 2.
  double factor = std::ldexp(scaleOf(op.getX()) / std::log(2.0), 20);
  int64_t shift = 0;
  while (std::round(std::ldexp(factor, int(shift) + 1)) <= double(INT32_MAX) && shift < 62)
    ++shift;
  double multiplier = std::min(std::round(std::ldexp(factor, int(shift))), double(INT32_MAX));
  return call.field("multiplier", int64_t(multiplier)).field("shift", shift).finishAlone();
}

// The integers of tmb_norm_s16, as its prototype defines them.
static FailureOr<Calls> selectNorm(nn::LayerNormOp op) {
  FailureOr<ConstantData> scale = ConstantData::get(op.getScale()), bias = ConstantData::get(op.getBias());
  if (failed(scale) || failed(bias))
    return op.emitOpError("is quantized but its scale or bias is not constant");
  ArrayRef<int64_t> x = shapeOf(op.getX());
  int64_t outer = product(x.take_front(op.getAxis())), depth = product(x.drop_front(op.getAxis()));
  double xScale = scaleOf(op.getX()), yScale = scaleOf(op.getY()), largest = 1;
  for (int64_t i = 0; i < scale->size(); ++i)
    largest = std::max({largest, std::abs(scale->number(i)) / yScale, std::abs(bias->number(i) / yScale) + 1});
  CallBuilder call(op, "tmb_norm_s16");
  if (depth < 1 || depth > 16383)
    call.fail("normalizes " + llvm::Twine(depth) + " elements; the int16 kernel takes 1 to 16383");
  double epsilon = op.getEpsilon().convertToDouble() * double(depth) * double(depth) / (xScale * xScale);
  if (!(largest < 1 << 30) || !(epsilon >= 0 && epsilon < std::ldexp(1.0, 60)))
    return call.fail("scales of its constants, its operand and its result differ too much for the int16 kernel").finishAlone();
  int bits = 30 - int(std::ceil(std::log2(largest)));
  std::vector<int32_t> gains, biases;
  for (int64_t i = 0; i < scale->size(); ++i) {
    gains.push_back(int32_t(std::llround(std::ldexp(scale->number(i) / yScale, bits))));
    biases.push_back(int32_t(std::llround(std::ldexp(bias->number(i) / yScale + 0.5, bits))));
  }
  int epsilonShift = 0;
  for (; epsilon > 1 << 30; epsilon /= 2)
    ++epsilonShift;
  Builder builder(op.getContext());
  call.operand(0)
      .constant<int32_t>("gain", builder.getI32Type(), gains)
      .constant<int32_t>("bias", builder.getI32Type(), biases);
  call.field("outer", outer).field("depth", depth).field("centered", !op.getRms()).field("epsilon", std::llround(epsilon));
  return call.field("epsilon_shift", epsilonShift).field("shift", 20 + bits).finishAlone();
}

bool thimble::kernels::isInt16Arithmetic(Operation *op) {
  auto is16 = [](Value value) { return bool(nn::getInt16Type(value.getType())); };
  return isa<nn::Conv2DOp, nn::FullyConnectedOp, nn::UnaryOp, nn::BinaryOp, nn::LookupOp, nn::QuantizeOp, nn::DequantizeOp,
             nn::RequantizeOp, nn::SoftmaxOp, nn::LayerNormOp>(op) &&
         (is16(op->getOperand(0)) || is16(op->getResult(0)));
}

FailureOr<Calls> thimble::kernels::selectInt16(Operation *op) {
  if (auto conv = dyn_cast<nn::Conv2DOp>(op))
    return selectConv2D(conv);
  if (auto fullyConnected = dyn_cast<nn::FullyConnectedOp>(op))
    return selectFullyConnected(fullyConnected);
  if (auto binary = dyn_cast<nn::BinaryOp>(op))
    return selectBinary(binary);
  if (auto unary = dyn_cast<nn::UnaryOp>(op))
    return selectClamp(unary);
  if (auto lookup = dyn_cast<nn::LookupOp>(op))
    return selectLookup(lookup);
  if (auto softmax = dyn_cast<nn::SoftmaxOp>(op))
    return selectSoftmax(softmax);
  if (auto norm = dyn_cast<nn::LayerNormOp>(op))
    return selectNorm(norm);
  return selectConversion(op);
}
