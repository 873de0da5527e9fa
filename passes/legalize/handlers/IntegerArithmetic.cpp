// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ConvInteger, MatMulInteger: exact sums of 32-bit integers. DynamicQuantizeLinear.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/MatMul.h"
#include "passes/legalize/handlers/Window.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static Type i32(NodeBinder &node) { return node.getBuilder().getI32Type(); }

static LogicalResult needCodes(NodeBinder &node, size_t index, StringRef name) {
  Value value = node.operand(index);
  if (value && !(isInteger(value) && elementBytes(elementOf(value)) <= 2))
    return node.fail("input '" + name + "' must have integer elements of 8 or 16 bits, got " + typeText(elementOf(value)));
  return success(!node.hasFailed());
}

// A scale or zero point: one element, or a vector along dimension `axis` of a tensor of rank `rank`, as a shape that broadcasts;
// or a shape that broadcasts as it is.
static Value along(NodeBinder &node, size_t index, StringRef name, int64_t axis, ShapeRef shape) {
  Value value = node.operand(index);
  if (!value)
    return {};
  ShapeRef own = shapeOf(value);
  if (elementCount(own) == 1)
    return node.reshape(value, {});
  Shape aligned(shape.size(), 1);
  if (own.size() == 1 && axis >= 0 && axis < int64_t(shape.size()) && own[0] == shape[axis]) {
    aligned[axis] = own[0];
    return node.reshape(value, aligned);
  }
  FailureOr<Shape> joint = nn::broadcastShapes({own, shape});
  if (own.size() == shape.size() && succeeded(joint) && ShapeRef(*joint) == shape)
    return value;
  (void)node.fail("input '" + name + "' of shape " + shapeText(own) + " fits no dimension of a tensor of shape " +
                  shapeText(shape));
  return {};
}

// Operand `index` less its zero point as i32.
static Value centered(NodeBinder &node, size_t index, size_t zeroPoint, StringRef name, int64_t axis) {
  Value x = node.operand(index), zero = along(node, zeroPoint, name, axis, shapeOf(node.operand(index)));
  if (node.hasFailed())
    return {};
  if (zero && elementOf(zero) != elementOf(x)) {
    (void)node.fail("input '" + name + "' must have the type of what it belongs to, " + typeText(elementOf(x)));
    return {};
  }
  x = node.cast(x, i32(node));
  return zero ? node.sub(x, node.cast(zero, i32(node))) : x;
}

// Convolution of operands that are centered already; null after an error.
static Value convolveIntegers(NodeBinder &node, Value x, Value w) {
  if (node.hasFailed() || failed(checkImage(node, x)))
    return {};
  if (shapeOf(w).size() != shapeOf(x).size()) {
    (void)node.fail("weights of shape " + shapeText(shapeOf(w)) + " do not fit an input of shape " + shapeText(shapeOf(x)));
    return {};
  }
  Shape kernel = node.integers("kernel_shape", shapeOf(w).drop_front(2));
  if (ShapeRef(kernel) != shapeOf(w).drop_front(2)) {
    (void)node.fail("attribute 'kernel_shape' is " + shapeText(kernel) + ", but the weights have shape " +
                    shapeText(shapeOf(w)));
    return {};
  }
  FailureOr<Window> window = readWindow(node, x, kernel);
  if (failed(window))
    return {};
  Value y = convolve(node, toChannelsLast(node, x), toChannelsLast(node, w), {}, *window, node.integer("group", 1));
  return fromChannelsLast(node, y, shapeOf(x).size());
}

static LogicalResult legalizeConvInteger(NodeBinder &node) {
  if (failed(needCodes(node, 0, "x")) || failed(needCodes(node, 1, "w")))
    return failure();
  return node.setResult(
      convolveIntegers(node, centered(node, 0, 2, "x_zero_point", -1), centered(node, 1, 3, "w_zero_point", 0)));
}

static LogicalResult legalizeMatMulInteger(NodeBinder &node) {
  if (failed(needCodes(node, 0, "A")) || failed(needCodes(node, 1, "B")))
    return failure();
  int64_t row = int64_t(shapeOf(node.operand(0)).size()) - 2, col = int64_t(shapeOf(node.operand(1)).size()) - 1;
  Value a = centered(node, 0, 2, "a_zero_point", row), b = centered(node, 1, 3, "b_zero_point", col);
  return node.setResult(multiplyAsNumPy(node, a, b));
}

// ExpandQuantizedOperators.cpp has rewritten every QLinear node that has the one output and the inputs that it must have.
static LogicalResult refuseUnexpanded(NodeBinder &node) { return node.fail("must have one output, a tensor"); }

// To uint8 with the range of the input, 0 included: y, scale and zero point.
static LogicalResult legalizeDynamicQuantizeLinear(NodeBinder &node) {
  Value x = node.operand(0), zero = node.scalar(0);
  if (failed(node.needFloat(x, "x")))
    return failure();
  if (elementCount(shapeOf(x)) == 0)
    return node.fail("needs an input with elements");
  Shape all = sequence(0, int64_t(shapeOf(x).size()));
  Value low = node.binary(nn::BinaryKind::Min, node.reduce(nn::ReduceKind::Min, x, all, false), zero);
  Value high = node.binary(nn::BinaryKind::Max, node.reduce(nn::ReduceKind::Max, x, all, false), zero);
  // Of zeros only, the scale is 1.
  Value step = node.div(node.sub(high, low), node.scalar(255));
  Value scale = node.select(node.compare(nn::CompareKind::Equal, step, zero), node.scalar(1), step);
  auto toByte = [&](Value value) { return node.unary(nn::UnaryKind::Clamp, node.unary(nn::UnaryKind::Round, value), 0, 255); };
  Value zeroPoint = toByte(node.sub(zero, node.div(low, scale)));
  Value codes = node.add(node.unary(nn::UnaryKind::Round, node.div(x, scale)), zeroPoint);
  Type byte = IntegerType::get(node.getBuilder().getContext(), 8, IntegerType::Unsigned);
  if (failed(node.setResult(0, node.cast(node.unary(nn::UnaryKind::Clamp, codes, 0, 255), byte))) ||
      failed(node.setResult(1, scale)))
    return failure();
  return node.setResult(2, node.cast(zeroPoint, byte));
}

void legalize::registerIntegerArithmetic(Registry &registry) {
  registry.add("ConvInteger", {10}, {2, 4}, legalizeConvInteger);
  registry.add("MatMulInteger", {10}, {2, 4}, legalizeMatMulInteger);
  registry.add("QLinearConv", {10}, {8, 9}, refuseUnexpanded);
  registry.add("QLinearMatMul", {10, 21}, {8, 8}, refuseUnexpanded);
  registry.add("DynamicQuantizeLinear", {11}, {1, 1}, legalizeDynamicQuantizeLinear);
}
