// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic, comparisons and logic on pairs and lists of tensors, and conversions of the element type.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Types.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::CompareKind;
using nn::UnaryKind;

template <BinaryKind kind> static LogicalResult legalizeBinary(NodeBinder &node) {
  return node.setResult(node.binary(kind, node.operand(0), node.operand(1)));
}

// All operands joined from the left; null after an error.
static Value combine(NodeBinder &node, BinaryKind kind) {
  Value y = node.operand(0);
  for (size_t i = 1; i < node.getOperandCount(); ++i) {
    if (!node.operand(i))
      (void)node.fail("input " + Twine(i) + " is left out");
    y = node.binary(kind, y, node.operand(i));
  }
  return y;
}

template <BinaryKind kind> static LogicalResult legalizeVariadic(NodeBinder &node) {
  return node.setResult(combine(node, kind));
}

static LogicalResult legalizeMean(NodeBinder &node) {
  if (failed(node.needFloat(node.operand(0), "data_0")))
    return failure();
  return node.setResult(node.div(combine(node, BinaryKind::Add), node.scalar(float(node.getOperandCount()))));
}

template <CompareKind kind, bool isSwapped> static LogicalResult legalizeCompare(NodeBinder &node) {
  return node.setResult(node.compare(kind, node.operand(isSwapped), node.operand(!isSwapped)));
}

// The exponent may have another type; the result has the base's.
static LogicalResult legalizePow(NodeBinder &node) {
  Value x = node.operand(0), y = node.operand(1);
  Type f32 = node.getBuilder().getF32Type(), i64 = node.getBuilder().getI64Type();
  if (isBoolean(x) || isBoolean(y))
    return node.fail("needs numbers, got booleans");
  if (isInteger(x) && isInteger(y)) {
    Value power = node.emit<nn::BinaryOp>(BinaryKind::Pow, node.cast(x, i64), node.cast(y, i64), FloatAttr(), FloatAttr());
    return node.setResult(node.cast(power, elementOf(x)));
  }
  Value power = node.binary(BinaryKind::Pow, node.cast(x, f32), node.cast(y, f32));
  return node.setResult(node.cast(power, elementOf(x)));
}

static LogicalResult legalizeMod(NodeBinder &node) {
  Value a = node.operand(0), b = node.operand(1);
  bool isC = node.flag("fmod", false);
  if (isF32(a) && !isC)
    return node.fail("needs attribute 'fmod' to be 1 for floats");
  // The kernel's remainder has the sign of the divisor for integers; that of C follows from the quotient that truncates.
  if (isC && isInteger(a))
    return node.setResult(node.sub(a, node.mul(node.div(a, b), b)));
  return node.setResult(node.binary(BinaryKind::Mod, a, b));
}

static LogicalResult legalizePRelu(NodeBinder &node) {
  Value x = node.operand(0), slope = node.operand(1);
  FailureOr<Shape> shape = nn::broadcastShapes({shapeOf(x), shapeOf(slope)});
  if (failed(shape) || ShapeRef(*shape) != shapeOf(x))
    return node.fail("slope of shape " + shapeText(shapeOf(slope)) + " does not broadcast to " + shapeText(shapeOf(x)));
  return node.setResult(node.binary(BinaryKind::PRelu, x, slope));
}

static LogicalResult legalizeWhere(NodeBinder &node) {
  return node.setResult(node.select(node.operand(0), node.operand(1), node.operand(2)));
}

static LogicalResult legalizeNot(NodeBinder &node) { return node.setResult(node.unary(UnaryKind::Not, node.operand(0))); }

static LogicalResult legalizeIsNaN(NodeBinder &node) {
  Value x = node.operand(0);
  if (failed(node.needFloat(x, "X")))
    return failure();
  return node.setResult(node.unary(UnaryKind::Not, node.compare(CompareKind::Equal, x, x)));
}

static LogicalResult legalizeIsInf(NodeBinder &node) {
  Value x = node.operand(0);
  bool isPositive = node.flag("detect_positive", true), isNegative = node.flag("detect_negative", true);
  if (failed(node.needFloat(x, "X")))
    return failure();
  float infinity = std::numeric_limits<float>::infinity();
  if (!isPositive && !isNegative)
    return node.setResult(node.filled(shapeOf(x), node.getBuilder().getI1Type(), 0));
  Value magnitude = isPositive && isNegative ? node.unary(UnaryKind::Abs, x) : x;
  return node.setResult(node.compare(CompareKind::Equal, magnitude, node.scalar(isPositive ? infinity : -infinity)));
}

static LogicalResult castTo(NodeBinder &node, Type element) {
  Value x = node.operand(0);
  bool isSaturating = node.flag("saturate", true); // of 8-bit floats
  if (!element || elementBytes(element) == 0)
    return node.fail("converts to an element type that Thimble does not support");
  auto small = dyn_cast<FloatType>(element);
  if (small && small.getWidth() == 8 && isSaturating) {
    float largest = llvm::APFloat::getLargest(small.getFloatSemantics()).convertToDouble();
    x = node.unary(UnaryKind::Clamp, node.cast(x, node.getBuilder().getF32Type()), -largest, largest);
  }
  return node.setResult(node.castToStored(x, element));
}

static LogicalResult legalizeCast(NodeBinder &node) {
  if (!node.has("to"))
    return node.fail("attribute 'to' is missing");
  return castTo(node, storedTypeOfCode(node.getBuilder(), node.integer("to", 0)));
}

static LogicalResult legalizeCastLike(NodeBinder &node) {
  return castTo(node, elementOf(node.operand(1)));
}

void legalize::registerElementwise(Registry &registry) {
  registry.add("Add", {7, 13, 14}, {2, 2}, legalizeBinary<BinaryKind::Add>);
  registry.add("Sub", {7, 13, 14}, {2, 2}, legalizeBinary<BinaryKind::Sub>);
  registry.add("Mul", {7, 13, 14}, {2, 2}, legalizeBinary<BinaryKind::Mul>);
  registry.add("Div", {7, 13, 14}, {2, 2}, legalizeBinary<BinaryKind::Div>);
  registry.add("And", {7}, {2, 2}, legalizeBinary<BinaryKind::And>);
  registry.add("Or", {7}, {2, 2}, legalizeBinary<BinaryKind::Or>);
  registry.add("Xor", {7}, {2, 2}, legalizeBinary<BinaryKind::Xor>);
  registry.add("Not", {1}, {1, 1}, legalizeNot);
  registry.add("Pow", {7, 12, 13, 15}, {2, 2}, legalizePow);
  registry.add("Mod", {10, 13}, {2, 2}, legalizeMod);
  registry.add("PRelu", {7, 9, 16}, {2, 2}, legalizePRelu);
  registry.add("Equal", {7, 11, 13, 19}, {2, 2}, legalizeCompare<CompareKind::Equal, false>);
  registry.add("Less", {7, 9, 13}, {2, 2}, legalizeCompare<CompareKind::Less, false>);
  registry.add("Greater", {7, 9, 13}, {2, 2}, legalizeCompare<CompareKind::Less, true>);
  registry.add("LessOrEqual", {12, 16}, {2, 2}, legalizeCompare<CompareKind::LessEqual, false>);
  registry.add("GreaterOrEqual", {12, 16}, {2, 2}, legalizeCompare<CompareKind::LessEqual, true>);
  registry.add("Where", {9, 16}, {3, 3}, legalizeWhere);
  registry.add("Sum", {1, 6, 8, 13}, {1, anyNumber}, legalizeVariadic<BinaryKind::Add>);
  registry.add("Mean", {1, 6, 8, 13}, {1, anyNumber}, legalizeMean);
  registry.add("Max", {1, 6, 8, 12, 13}, {1, anyNumber}, legalizeVariadic<BinaryKind::Max>);
  registry.add("Min", {1, 6, 8, 12, 13}, {1, anyNumber}, legalizeVariadic<BinaryKind::Min>);
  registry.add("IsNaN", {9, 13, 20}, {1, 1}, legalizeIsNaN);
  registry.add("IsInf", {10, 20}, {1, 1}, legalizeIsInf);
  registry.add("Cast", {6, 9, 13, 19, 21}, {1, 1}, legalizeCast);
  registry.add("CastLike", {15, 19, 21}, {2, 2}, legalizeCastLike);
}
