// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of elementwise operations, with broadcasting, and of conversions between element types.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include "thimble/tmb_abi.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

void thimble::kernels::binaryFields(CallBuilder &call, Value a, Value b, Value y) {
  ArrayRef<int64_t> dims = shapeOf(y);
  Walk walk{Shape(dims), {broadcastStrides(shapeOf(a), dims), broadcastStrides(shapeOf(b), dims)}};
  walk.merge();
  call.field("rank", int64_t(walk.dims.size())).field("dims", walk.dims);
  call.field("a_strides", walk.strides[0]).field("b_strides", walk.strides[1]);
}

static FailureOr<Calls> selectUnary(nn::UnaryOp op) {
  Type element = elementOf(op.getX());
  llvm::StringRef kind = nn::stringifyUnaryKind(op.getKind()), suffix = suffixOf(element);
  std::string name = ("tmb_" + kind + "_" + suffix).str();
  if (suffix == "s8" || !lookup(name))
    return noKernel(op, kind, element);
  CallBuilder call(op, name);
  call.operand(0).field("count", tensorType(op.getX()).getNumElements());
  return call.real("alpha", op.getAlpha().convertToFloat()).real("beta", op.getBeta().convertToFloat()).finishAlone();
}

// y = (a * ma + b * mb + offset) >> shift: the largest shift that the bits of the multipliers allow.
SumNumbers thimble::kernels::int8Sum(quant::UniformQuantizedType a, quant::UniformQuantizedType b,
                                     quant::UniformQuantizedType y, bool subtracts, bool isExact) {
  double factorA = a.getScale() / y.getScale(), factorB = (subtracts ? -1 : 1) * b.getScale() / y.getScale();
  double largest = std::max(std::abs(factorA), std::abs(factorB)), limit = isExact ? 1 << 20 : 32767;
  int64_t shift = 22;
  while (shift > 0 && std::round(std::ldexp(largest, int(shift))) > limit)
    --shift;
  int64_t ma = std::llround(std::ldexp(factorA, int(shift))), mb = std::llround(std::ldexp(factorB, int(shift)));
  int64_t offset = (y.getZeroPoint() * (int64_t(1) << shift)) + (int64_t(1) << (shift - (shift > 0))) -
                   a.getZeroPoint() * ma - b.getZeroPoint() * mb;
  return {ma, mb, offset, shift};
}

static void addFields(CallBuilder &call, nn::BinaryOp op) {
  auto y = nn::getInt8Type(op.getY().getType());
  SumNumbers sum = int8Sum(nn::getInt8Type(op.getA().getType()), nn::getInt8Type(op.getB().getType()), y,
                           op.getKind() == nn::BinaryKind::Sub, op->hasAttr(nn::exactAttrName));
  if (sum.shift == 0)
    call.fail("scales of operands and result differ too much for an int8 addition");
  auto [low, high] = int8Clamp(y, op.getAct());
  call.field("a_multiplier", sum.aMultiplier).field("b_multiplier", sum.bMultiplier).field("offset", sum.offset);
  call.field("shift", sum.shift);
  call.field("act_min", low).field("act_max", high);
}

// tmb_div_s8 multiplies with reciprocals of 15 bits behind the point.
static FailureOr<Calls> selectInt8Division(nn::BinaryOp op) {
  auto a = nn::getInt8Type(op.getA().getType()), b = nn::getInt8Type(op.getB().getType());
  auto y = nn::getInt8Type(op.getY().getType());
  double factor = a.getScale() / (b.getScale() * y.getScale());
  constexpr double largest = (1 << 23) - 1;
  std::vector<int32_t> table;
  for (int64_t code = -128; code < 128; ++code) {
    double reciprocal = code == b.getZeroPoint() ? largest : std::ldexp(factor, 15) / double(code - b.getZeroPoint());
    table.push_back(int32_t(std::lround(std::min(std::max(reciprocal, -largest), largest))));
  }
  auto [low, high] = int8Clamp(y, op.getAct());
  CallBuilder call(op, "tmb_div_s8");
  call.operand(0).operand(1).constant<int32_t>("reciprocals", IntegerType::get(op.getContext(), 32), table);
  binaryFields(call, op.getA(), op.getB(), op.getY());
  call.field("a_zero_point", a.getZeroPoint()).field("out_zero_point", y.getZeroPoint());
  return call.field("act_min", low).field("act_max", high).finishAlone();
}

static FailureOr<Calls> selectInt8Binary(nn::BinaryOp op) {
  if (op.getKind() == nn::BinaryKind::Div)
    return selectInt8Division(op);
  if (op.getKind() == nn::BinaryKind::Min || op.getKind() == nn::BinaryKind::Max) {
    if (op.getActMin() || op.getActMax())
      return op.emitOpError("has a clamp, which the int8 kernel does not do");
    CallBuilder call(op, op.getKind() == nn::BinaryKind::Min ? "tmb_min_s8" : "tmb_max_s8");
    call.operand(0).operand(1);
    binaryFields(call, op.getA(), op.getB(), op.getY());
    return call.finishAlone();
  }
  if (op.getKind() != nn::BinaryKind::Mul) {
    CallBuilder call(op, "tmb_add_s8");
    call.operand(0).operand(1);
    binaryFields(call, op.getA(), op.getB(), op.getY());
    addFields(call, op);
    return call.finishAlone();
  }
  auto a = nn::getInt8Type(op.getA().getType()), b = nn::getInt8Type(op.getB().getType());
  auto y = nn::getInt8Type(op.getY().getType());
  auto [low, high] = int8Clamp(y, op.getAct());
  CallBuilder call(op, "tmb_mul_s8");
  call.operand(0).operand(1);
  binaryFields(call, op.getA(), op.getB(), op.getY());
  call.field("a_zero_point", a.getZeroPoint()).field("b_zero_point", b.getZeroPoint());
  call.field("out_zero_point", y.getZeroPoint()).requantFields(a.getScale() * b.getScale() / y.getScale());
  return call.field("act_min", low).field("act_max", high).finishAlone();
}

// The kernel tmb_<kind>_<type> for both operands of `op`.
template <typename Op> static FailureOr<Calls> selectPairwise(Op op, llvm::StringRef kind) {
  Type element = elementOf(op.getA());
  std::string name = ("tmb_" + kind + "_" + suffixOf(element)).str();
  if (!lookup(name))
    return noKernel(op, kind, element);
  CallBuilder call(op, name);
  call.operand(0).operand(1);
  binaryFields(call, op.getA(), op.getB(), op.getY());
  return call.finishAlone();
}

static FailureOr<Calls> selectBinary(nn::BinaryOp op) {
  if (nn::isQuantized(op.getY().getType()))
    return selectInt8Binary(op);
  FailureOr<Calls> calls = selectPairwise(op, nn::stringifyBinaryKind(op.getKind()));
  if (failed(calls) || (!op.getActMin() && !op.getActMax()))
    return calls;
  // A clamp of a float result is a second call, in place.
  if (!elementOf(op.getA()).isF32())
    return op.emitOpError("has a clamp, which has no kernel for elements of type ") << elementOf(op.getA());
  CallBuilder clamp(op, "tmb_clamp_f32");
  clamp.argument({Argument::Result, 0}).field("count", tensorType(op.getY()).getNumElements());
  FailureOr<KernelCall> second = clamp.real("alpha", op.getAct().first).real("beta", op.getAct().second).finish();
  if (failed(second))
    return failure();
  calls->push_back(std::move(*second));
  return calls;
}

static FailureOr<Calls> selectSelect(nn::SelectOp op) {
  ArrayRef<int64_t> dims = shapeOf(op.getY());
  Walk walk{Shape(dims), {}};
  for (Value operand : op->getOperands())
    walk.strides.push_back(broadcastStrides(shapeOf(operand), dims));
  walk.merge();
  CallBuilder call(op, "tmb_select");
  call.operand(0).operand(1).operand(2).field("rank", int64_t(walk.dims.size())).field("dims", walk.dims);
  call.field("element_bytes", elementBytes(elementOf(op.getY())));
  call.field("c_strides", walk.strides[0]).field("a_strides", walk.strides[1]).field("b_strides", walk.strides[2]);
  return call.finishAlone();
}

static std::optional<tmb_type> typeCode(Type type) {
  if (type.isF32())
    return TMB_F32;
  if (type.isF64())
    return TMB_F64;
  if (type.isF16())
    return TMB_F16;
  if (type.isBF16())
    return TMB_BF16;
  if (type.isFloat8E4M3FN())
    return TMB_F8E4M3FN;
  if (type.isFloat8E4M3FNUZ())
    return TMB_F8E4M3FNUZ;
  if (type.isFloat8E5M2())
    return TMB_F8E5M2;
  if (type.isFloat8E5M2FNUZ())
    return TMB_F8E5M2FNUZ;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return TMB_BOOL;
  case 4:
    return isUnsigned ? TMB_U4 : TMB_S4;
  case 8:
    return isUnsigned ? TMB_U8 : TMB_S8;
  case 16:
    return isUnsigned ? TMB_U16 : TMB_S16;
  case 32:
    return isUnsigned ? TMB_U32 : TMB_S32;
  case 64:
    return isUnsigned ? TMB_U64 : TMB_S64;
  default:
    return std::nullopt;
  }
}

static FailureOr<Calls> selectCast(nn::CastOp op) {
  std::optional<tmb_type> from = typeCode(elementOf(op.getX())), to = typeCode(elementOf(op.getY()));
  if (!from || !to)
    return op.emitOpError("has no kernel to turn ") << elementOf(op.getX()) << " into " << elementOf(op.getY());
  auto isSmall = [](tmb_type type) { return type >= TMB_F16 && type <= TMB_F8E5M2FNUZ; };
  if (isSmall(*from) || isSmall(*to))
    if (*from != TMB_F32 && *to != TMB_F32)
      return op.emitOpError("has no kernel to turn ") << elementOf(op.getX()) << " into " << elementOf(op.getY());
  CallBuilder call(op, isSmall(*from) || isSmall(*to) ? "tmb_cast_small_float" : "tmb_cast");
  call.operand(0).field("count", tensorType(op.getX()).getNumElements());
  return call.field("from", int64_t(*from)).field("to", int64_t(*to)).finishAlone();
}

static FailureOr<Calls> selectConversion(Operation *op) {
  Value x = op->getOperand(0), y = op->getResult(0);
  int64_t count = tensorType(x).getNumElements();
  if (isa<nn::LookupOp>(op)) {
    CallBuilder call(op, "tmb_lookup_s8");
    return call.operand(0).operand(1).field("count", count).finishAlone();
  }
  auto from = nn::getInt8Type(x.getType()), to = nn::getInt8Type(y.getType());
  if (isa<nn::QuantizeOp>(op)) {
    CallBuilder call(op, "tmb_quantize_f32_s8");
    return call.operand(0)
        .field("count", count)
        .real("scale", 1.0 / to.getScale())
        .field("zero_point", to.getZeroPoint())
        .finishAlone();
  }
  if (isa<nn::DequantizeOp>(op)) {
    CallBuilder call(op, "tmb_dequantize_s8_f32");
    return call.operand(0)
        .field("count", count)
        .real("scale", from.getScale())
        .field("zero_point", from.getZeroPoint())
        .finishAlone();
  }
  CallBuilder call(op, "tmb_requantize_s8");
  call.operand(0).field("count", count).field("in_zero_point", from.getZeroPoint()).field("out_zero_point", to.getZeroPoint());
  return call.requantFields(from.getScale() / to.getScale()).finishAlone();
}

FailureOr<Calls> thimble::kernels::selectElementwise(Operation *op) {
  if (auto unary = dyn_cast<nn::UnaryOp>(op))
    return selectUnary(unary);
  if (auto binary = dyn_cast<nn::BinaryOp>(op))
    return selectBinary(binary);
  if (auto compare = dyn_cast<nn::CompareOp>(op))
    return selectPairwise(compare, nn::stringifyCompareKind(compare.getKind()));
  if (auto select = dyn_cast<nn::SelectOp>(op))
    return selectSelect(select);
  if (auto cast = dyn_cast<nn::CastOp>(op))
    return selectCast(cast);
  return selectConversion(op);
}
