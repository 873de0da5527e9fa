// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elementwise functions of two tensors in int8.
#include "passes/quantize/RewriteInt8.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

static Value makeInt8Constant(OpBuilder &builder, Value original, ArrayRef<float> elements, Int8Type type) {
  RankedTensorType result = withElement(original.getType(), type);
  return builder.create<nn::ConstantOp>(original.getLoc(), result, makeCodes(result, elements));
}

static Value makeBinary(OpBuilder &builder, nn::BinaryOp op, nn::BinaryKind kind, Value a, Value b, Int8Type type) {
  return builder.create<nn::BinaryOp>(op.getLoc(), withElement(op.getY().getType(), type), kind, a, b, op.getActMinAttr(),
                                      op.getActMaxAttr());
}

// x / c is x * (1 / c).
static FailureOr<Value> divideByConstant(nn::BinaryOp op, ConstantData divisor, Int8Rewrite &rewrite) {
  std::vector<float> reciprocals;
  for (float element : divisor.as<float>())
    reciprocals.push_back(1 / element);
  FailureOr<Range> range = rangeOfConstant(reciprocals);
  if (failed(range))
    return rewrite.refuse("by zero");
  FailureOr<Value> a = rewrite.operand(op.getA());
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(a) || failed(type))
    return failure();
  OpBuilder &builder = rewrite.forms.getBuilder();
  Value b = makeInt8Constant(builder, op.getB(), reciprocals, rewrite.chooseType(op.getContext(), *range));
  return makeBinary(builder, op, nn::BinaryKind::Mul, *a, b, *type);
}

// In int8, prelu(x, slope) is max(x, 0) + slope * min(x, 0): two tables, a product and a sum.
static FailureOr<Value> rewritePRelu(nn::BinaryOp op, Int8Rewrite &rewrite) {
  FailureOr<Value> x = rewrite.operand(op.getA()), slope = rewrite.operand(op.getB());
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(x) || failed(slope) || failed(type))
    return failure();
  OpBuilder &builder = rewrite.forms.getBuilder();
  Int8Type xType = nn::getActivationType((*x).getType());
  // One half of x, in a scale of its own.
  auto half = [&](Range range) -> Value {
    Int8Type halfType = chooseInt8Type(op.getContext(), range);
    std::vector<int8_t> codes;
    for (int code = -128; code < 128; ++code) {
      double real = xType.getScale() * double(code - xType.getZeroPoint());
      codes.push_back(quantizeNumber(std::min<double>(std::max<double>(real, range.low), range.high), halfType));
    }
    auto tableType = RankedTensorType::get({256}, builder.getI8Type());
    Value table = builder.create<nn::ConstantOp>(op.getLoc(), tableType, makeConstant<int8_t>(tableType, codes, "table"));
    return builder.create<nn::LookupOp>(op.getLoc(), withElement((*x).getType(), halfType), *x, table);
  };
  Range range = rangeOf(xType);
  Value positive = half({0, range.high}), negative = half({range.low, 0});
  auto product = builder.create<nn::BinaryOp>(op.getLoc(), withElement(op.getY().getType(), *type), nn::BinaryKind::Mul,
                                              negative, *slope, nullptr, nullptr);
  return makeBinary(builder, op, nn::BinaryKind::Add, positive, product, *type);
}

// An operand in int8. What a constant term adds beyond the point where the sum saturates anyway is cut off, so that a mask of
// -1e9 or -infinity leaves a useful scale to its other elements.
static FailureOr<Value> getOperand(nn::BinaryOp op, unsigned index, Int8Type type, Int8Rewrite &rewrite) {
  Value operand = op->getOperand(index), other = op->getOperand(1 - index);
  Int8Type otherType = rewrite.forms.getPlan().getType(other);
  FailureOr<ConstantData> data =
      op.getKind() == nn::BinaryKind::Mul || !otherType ? FailureOr<ConstantData>() : ConstantData::get(operand);
  if (failed(data))
    return rewrite.operand(operand);
  Range y = rangeOf(type), x = rangeOf(otherType), useful{y.low - x.high, y.high - x.low};
  if (op.getKind() == nn::BinaryKind::Sub)
    useful = index == 0 ? Range{y.low + x.low, y.high + x.high} : Range{x.low - y.high, x.high - y.low};
  std::vector<float> elements = data->floats();
  for (float &element : elements)
    element = std::min(std::max(element, useful.low), useful.high);
  FailureOr<Range> range = rangeOfConstant(elements);
  if (failed(range))
    return rewrite.operand(operand); // which says what is wrong
  return makeInt8Constant(rewrite.forms.getBuilder(), operand, elements, rewrite.chooseType(op.getContext(), *range));
}

FailureOr<Value> quantize::rewriteBinary(nn::BinaryOp op, Int8Rewrite &rewrite) {
  if (op.getKind() == nn::BinaryKind::Div)
    if (FailureOr<ConstantData> divisor = ConstantData::get(op.getB()); succeeded(divisor))
      return divideByConstant(op, std::move(*divisor), rewrite);
  bool isPRelu = op.getKind() == nn::BinaryKind::PRelu;
  if (isPRelu && rewrite.bits == 8)
    return rewritePRelu(op, rewrite);
  bool isExtremum = op.getKind() == nn::BinaryKind::Min || op.getKind() == nn::BinaryKind::Max;
  if (isExtremum || isPRelu || op.getKind() == nn::BinaryKind::Div) {
    FailureOr<Int8Type> type = rewrite.planned(op.getY());
    if (failed(type))
      return failure();
    FailureOr<Value> a = isExtremum ? rewrite.forms.getInt8(op.getA(), *type) : rewrite.operand(op.getA());
    FailureOr<Value> b = isExtremum ? rewrite.forms.getInt8(op.getB(), *type) : rewrite.operand(op.getB());
    if (failed(a) || failed(b))
      return failure();
    return makeBinary(rewrite.forms.getBuilder(), op, op.getKind(), *a, *b, *type);
  }
  if (op.getKind() != nn::BinaryKind::Add && op.getKind() != nn::BinaryKind::Sub && op.getKind() != nn::BinaryKind::Mul)
    return rewrite.refuse("");
  if (FailureOr<Value> channelwise = rewriteChannelwise(op, rewrite); failed(channelwise) || *channelwise)
    return channelwise;
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(type))
    return failure();
  FailureOr<Value> a = getOperand(op, 0, *type, rewrite), b = getOperand(op, 1, *type, rewrite);
  if (failed(a) || failed(b))
    return failure();
  Value y = makeBinary(rewrite.forms.getBuilder(), op, op.getKind(), *a, *b, *type);
  if (rewrite.adopt)
    y.getDefiningOp()->setDiscardableAttr(nn::exactAttrName, UnitAttr::get(op.getContext()));
  return y;
}
