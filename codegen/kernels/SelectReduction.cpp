// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of pooling, reductions, softmax and normalization.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static FailureOr<Calls> selectPool(nn::Pool2DOp op) {
  llvm::StringRef kind = nn::stringifyPoolKind(op.getKind()), suffix = suffixOf(elementOf(op.getX()));
  std::string name = ("tmb_" + kind + "_pool2d_" + suffix).str();
  if (!lookup(name))
    return noKernel(op, kind, elementOf(op.getX()));
  ArrayRef<int64_t> x = shapeOf(op.getX()), y = shapeOf(op.getY());
  CallBuilder call(op, name);
  call.operand(0).field("batch", x[0]).field("in_h", x[1]).field("in_w", x[2]).field("channels", x[3]);
  call.field("out_h", y[1]).field("out_w", y[2]).field("kernel_h", op.getKernel()[0]).field("kernel_w", op.getKernel()[1]);
  call.field("stride_h", op.getStrides()[0]).field("stride_w", op.getStrides()[1]);
  call.field("dilation_h", op.getDilations()[0]).field("dilation_w", op.getDilations()[1]);
  call.field("pad_top", op.getPads()[0]).field("pad_left", op.getPads()[1]);
  call.field("pad_bottom", op.getPads()[2]).field("pad_right", op.getPads()[3]);
  quant::UniformQuantizedType quantized = nn::getInt8Type(op.getX().getType());
  call.field("zero_point", quantized ? quantized.getZeroPoint() : 0);
  return call.field("count_include_pad", op.getCountIncludePad()).finishAlone();
}

static FailureOr<Calls> selectReduce(nn::ReduceOp op) {
  llvm::StringRef kind = nn::stringifyReduceKind(op.getKind()), suffix = suffixOf(elementOf(op.getX()));
  bool isMean = op.getKind() == nn::ReduceKind::Mean || op.getKind() == nn::ReduceKind::Sum;
  bool isInteger = suffix == "s8" || suffix == "s16";
  std::string name = isInteger && isMean ? "tmb_mean_" + suffix.str() : ("tmb_reduce_" + kind + "_" + suffix).str();
  if (!lookup(name))
    return noKernel(op, kind, elementOf(op.getX()));
  ArrayRef<int64_t> x = shapeOf(op.getX());
  Shape dense = denseStrides(x);
  Walk kept{{}, {{}}}, reduced{{}, {{}}};
  for (size_t i = 0; i < x.size(); ++i) {
    Walk &walk = llvm::is_contained(op.getAxes(), int64_t(i)) ? reduced : kept;
    walk.dims.push_back(x[i]);
    walk.strides[0].push_back(dense[i]);
  }
  int64_t count = product(reduced.dims);
  kept.merge();
  reduced.merge();
  CallBuilder call(op, name);
  call.operand(0).field("kept_rank", int64_t(kept.dims.size())).field("reduced_rank", int64_t(reduced.dims.size()));
  call.field("kept_dims", kept.dims).field("kept_strides", kept.strides[0]);
  call.field("reduced_dims", reduced.dims).field("reduced_strides", reduced.strides[0]);
  if (!isInteger || !isMean)
    return call.finishAlone();
  auto from = nn::getActivationType(op.getX().getType()), to = nn::getActivationType(op.getY().getType());
  double factor = from.getScale() / to.getScale();
  if (op.getKind() == nn::ReduceKind::Mean)
    factor /= double(std::max<int64_t>(count, 1));
  call.field("bias", -count * from.getZeroPoint()).field("out_zero_point", to.getZeroPoint());
  if (count > (INT32_MAX >> (suffix == "s8" ? 8 : 15)))
    call.fail("reduces " + llvm::Twine(count) + " elements, which can overflow its 32-bit accumulator");
  return call.requantFields(factor).finishAlone();
}

static void axisFields(CallBuilder &call, ArrayRef<int64_t> shape, int64_t axis) {
  call.field("outer", product(shape.take_front(axis))).field("depth", shape[axis]);
  call.field("inner", product(shape.drop_front(axis + 1)));
}

static FailureOr<Calls> selectArg(nn::ArgOp op) {
  llvm::StringRef kind = nn::stringifyArgKind(op.getKind());
  std::string name = ("tmb_arg_" + kind + "_" + suffixOf(elementOf(op.getX()))).str();
  if (!lookup(name))
    return noKernel(op, "arg " + kind.str(), elementOf(op.getX()));
  CallBuilder call(op, name);
  call.operand(0);
  axisFields(call, shapeOf(op.getX()), op.getAxis());
  return call.field("select_last", op.getSelectLast()).finishAlone();
}

NewConstant thimble::kernels::int8Exponentials(quant::UniformQuantizedType type) {
  // tmb_kernels.h defines the table: exp of every difference to the maximum, in units of 2^-16.
  auto element = IntegerType::get(type.getContext(), 32, IntegerType::Unsigned);
  NewConstant result{"exp", RankedTensorType::get({256}, element), std::vector<char>(256 * sizeof(uint32_t))};
  for (int d = 0; d < 256; ++d) {
    uint32_t number = uint32_t(std::floor(std::exp(-d * type.getScale()) * 65536.0 + 0.5));
    std::memcpy(result.bytes.data() + d * sizeof(number), &number, sizeof(number));
  }
  return result;
}

static FailureOr<Calls> selectSoftmax(nn::SoftmaxOp op) {
  llvm::StringRef suffix = suffixOf(elementOf(op.getX()));
  std::string name = ((op.getLog() ? "tmb_log_softmax_" : "tmb_softmax_") + suffix).str();
  if (!lookup(name))
    return noKernel(op, op.getLog() ? "log softmax" : "softmax", elementOf(op.getX()));
  CallBuilder call(op, name);
  call.operand(0);
  axisFields(call, shapeOf(op.getX()), op.getAxis());
  if (suffix == "s8") {
    call.constant(int8Exponentials(nn::getInt8Type(op.getX().getType())));
    if (shapeOf(op.getX())[op.getAxis()] > 65535)
      call.fail("normalizes more than 65535 elements, which its 32-bit sum cannot hold");
  }
  return call.finishAlone();
}

// The integers of tmb_norm_s8, as its prototype defines them.
static FailureOr<Calls> selectInt8Norm(nn::LayerNormOp op, int64_t outer, int64_t depth) {
  FailureOr<ConstantData> scale = ConstantData::get(op.getScale()), bias = ConstantData::get(op.getBias());
  if (failed(scale) || failed(bias))
    return op.emitOpError("is quantized but its scale or bias is not constant");
  auto from = nn::getInt8Type(op.getX().getType()), to = nn::getInt8Type(op.getY().getType());
  CallBuilder call(op, "tmb_norm_s8");
  if (depth < 1 || depth > 32767)
    call.fail("normalizes " + llvm::Twine(depth) + " elements; the int8 kernel takes 1 to 32767");
  int fraction = 15 - int(std::ceil(std::log2(std::sqrt(double(std::max<int64_t>(depth, 1))))));
  double largestGain = 0, largestBias = 1;
  for (int64_t i = 0; i < scale->size(); ++i) {
    largestGain = std::max(largestGain, std::abs(scale->number(i)) / to.getScale());
    largestBias = std::max(largestBias, std::abs(bias->number(i) / to.getScale() + double(to.getZeroPoint()) + 0.5));
  }
  int bits = 15;
  while (bits > -fraction && (std::ldexp(largestGain, bits) > 32767 || std::ldexp(largestBias, bits + fraction) > 0x3fffffff))
    --bits;
  int shift = fraction + bits;
  if (shift < 1 || !std::isfinite(largestGain) || !std::isfinite(largestBias))
    call.fail("scales of its constants and its result differ too much for the int8 kernel");
  std::vector<int16_t> gains;
  std::vector<int32_t> biases;
  for (int64_t i = 0; shift >= 1 && i < scale->size(); ++i) {
    gains.push_back(int16_t(std::lround(std::ldexp(scale->number(i) / to.getScale(), bits))));
    biases.push_back(int32_t(
        std::lround(std::ldexp(bias->number(i) / to.getScale() + double(to.getZeroPoint()) + 0.5, shift))));
  }
  double epsilon = op.getEpsilon().convertToDouble() * double(depth) * double(depth) / (from.getScale() * from.getScale());
  if (!(epsilon >= 0 && epsilon < std::ldexp(1.0, 60)))
    call.fail("epsilon is out of proportion to the scale of the input");
  int epsilonShift = 0;
  while (epsilon > 1 << 30 && epsilonShift < 32) {
    epsilon /= 2;
    ++epsilonShift;
  }
  Builder builder(op.getContext());
  call.operand(0).constant<int16_t>("gain", builder.getIntegerType(16), gains);
  call.constant<int32_t>("bias", builder.getI32Type(), biases);
  call.field("outer", outer).field("depth", depth).field("centered", !op.getRms()).field("in_zero_point", from.getZeroPoint());
  call.field("epsilon", int64_t(std::min(epsilon + 0.5, 2147483647.0))).field("epsilon_shift", epsilonShift);
  return call.field("fraction", fraction).field("shift", shift).finishAlone();
}

static FailureOr<Calls> selectLayerNorm(nn::LayerNormOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  int64_t outer = product(x.take_front(op.getAxis())), depth = product(x.drop_front(op.getAxis()));
  if (nn::isQuantized(op.getX().getType()))
    return selectInt8Norm(op, outer, depth);
  CallBuilder call(op, op.getRms() ? "tmb_rms_norm_f32" : "tmb_layer_norm_f32");
  call.operand(0).operand(1).operand(2).field("outer", outer);
  return call.field("depth", depth).real("epsilon", op.getEpsilon().convertToDouble()).finishAlone();
}

FailureOr<Calls> thimble::kernels::selectReduction(Operation *op) {
  if (auto pool = dyn_cast<nn::Pool2DOp>(op))
    return selectPool(pool);
  if (auto reduce = dyn_cast<nn::ReduceOp>(op))
    return selectReduce(reduce);
  if (auto arg = dyn_cast<nn::ArgOp>(op))
    return selectArg(arg);
  if (auto softmax = dyn_cast<nn::SoftmaxOp>(op))
    return selectSoftmax(softmax);
  return selectLayerNorm(cast<nn::LayerNormOp>(op));
}
