// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators on the bits of integers. Kernels work on 64 bits; narrower elements are widened and narrowed again.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;

static LogicalResult bits(NodeBinder &node, BinaryKind kind, Value a, Value b) {
  Type element = elementOf(a), i64 = node.getBuilder().getI64Type();
  if (!isInteger(a) || elementOf(b) != element)
    return node.fail("needs two operands of the same integer type, got " + typeText(element) + " and " +
                     typeText(elementOf(b)));
  return node.setResult(node.cast(node.binary(kind, node.cast(a, i64), node.cast(b, i64)), element));
}

template <BinaryKind kind> static LogicalResult legalizeBitwise(NodeBinder &node) {
  return bits(node, kind, node.operand(0), node.operand(1));
}

static LogicalResult legalizeBitwiseNot(NodeBinder &node) {
  Value x = node.operand(0);
  return bits(node, BinaryKind::BitXor, x, isInteger(x) ? node.scalar(elementOf(x), -1) : Value());
}

// Elements are unsigned, so the bits that come in are zeros on both sides.
static LogicalResult legalizeBitShift(NodeBinder &node) {
  StringRef direction = node.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return node.fail("attribute 'direction' must be 'LEFT' or 'RIGHT', got '" + direction + "'");
  return bits(node, direction == "LEFT" ? BinaryKind::ShiftLeft : BinaryKind::ShiftRight, node.operand(0), node.operand(1));
}

void legalize::registerBits(Registry &registry) {
  registry.add("BitShift", {11}, {2, 2}, legalizeBitShift);
  registry.add("BitwiseAnd", {18}, {2, 2}, legalizeBitwise<BinaryKind::BitAnd>);
  registry.add("BitwiseOr", {18}, {2, 2}, legalizeBitwise<BinaryKind::BitOr>);
  registry.add("BitwiseXor", {18}, {2, 2}, legalizeBitwise<BinaryKind::BitXor>);
  registry.add("BitwiseNot", {18}, {1, 1}, legalizeBitwiseNot);
}
