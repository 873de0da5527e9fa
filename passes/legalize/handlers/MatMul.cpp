// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// MatMul and Gemm.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/MatMul.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static Value fullyConnected(NodeBinder &node, Value x, Value weights, Value bias) {
  return node.emit<nn::FullyConnectedOp>(x, weights, bias, FloatAttr(), FloatAttr());
}

// Factor `factor` of a value; nothing is emitted for 1.
static Value scaled(NodeBinder &node, Value x, float factor) { return factor == 1 ? x : node.mul(x, node.scalar(factor)); }

// A constant that is the same for every row, as the bias of `cols` columns; null if it is none.
static Value asBias(NodeBinder &node, Value c, int64_t cols) {
  ShapeRef shape = shapeOf(c);
  bool isRow = isConstant(c) && llvm::all_of(shape.drop_back(shape.empty() ? 0 : 1), [](int64_t dim) { return dim == 1; });
  if (!isRow || (!shape.empty() && shape.back() != 1 && shape.back() != cols))
    return {};
  return node.broadcast(node.reshape(c, {shape.empty() ? 1 : shape.back()}), {cols});
}

static LogicalResult legalizeGemm(NodeBinder &node) {
  Value a = node.operand(0), b = node.operand(1), c = node.operand(2);
  node.ignore({"broadcast"}); // of operator sets before 7, where C may broadcast if it is set
  float alpha = node.real("alpha", 1), beta = node.real("beta", 1);
  bool transA = node.flag("transA", false), transB = node.flag("transB", false);
  bool isOfIntegers = isInteger(a) && elementOf(a) == elementOf(b) && (!c || elementOf(c) == elementOf(a));
  if (isOfIntegers && (alpha != 1 || (c && beta != 1)))
    return node.fail("has factors other than 1 for integers, which Thimble does not support");
  if (!isOfIntegers && (failed(node.needFloat(a, "A")) || failed(node.needFloat(b, "B")) || failed(node.needFloat(c, "C"))))
    return failure();
  if (shapeOf(a).size() != 2 || shapeOf(b).size() != 2)
    return node.fail("needs matrices, got inputs of shape " + shapeText(shapeOf(a)) + " and " + shapeText(shapeOf(b)));
  int64_t rows = shapeOf(a)[transA], depth = shapeOf(a)[!transA], cols = shapeOf(b)[!transB];
  if (depth != shapeOf(b)[transB])
    return node.fail("inner dimensions differ: " + Twine(depth) + " and " + Twine(shapeOf(b)[transB]));
  Value rest = c && beta != 0 ? scaled(node, c, beta) : Value();
  if (rest) {
    FailureOr<Shape> shape = nn::broadcastShapes({shapeOf(rest), {rows, cols}});
    if (failed(shape) || *shape != Shape{rows, cols})
      return node.fail("input 'C' of shape " + shapeText(shapeOf(rest)) + " does not broadcast to " + shapeText({rows, cols}));
  }
  Value y;
  if (isConstant(b) && !isOfIntegers) {
    Value x = transA ? node.transpose(a, {1, 0}) : a, bias = rest ? asBias(node, rest, cols) : Value();
    y = fullyConnected(node, x, scaled(node, transB ? b : node.transpose(b, {1, 0}), alpha), bias);
    if (bias)
      rest = {};
  } else {
    y = scaled(node, node.matmul(a, b, transA, transB), alpha);
  }
  return node.setResult(rest ? node.add(y, rest) : y);
}

Value legalize::multiplyAsNumPy(NodeBinder &node, Value a, Value b) {
  if (node.hasFailed())
    return {};
  Shape shapeA(shapeOf(a)), shapeB(shapeOf(b));
  if (shapeA.empty() || shapeB.empty()) {
    (void)node.fail("needs inputs of one dimension or more");
    return {};
  }
  // As in NumPy, vectors become matrices by a dimension that the result does not have.
  bool isVectorA = shapeA.size() == 1, isVectorB = shapeB.size() == 1;
  if (isVectorA)
    shapeA.insert(shapeA.begin(), 1);
  if (isVectorB)
    shapeB.push_back(1);
  int64_t depth = shapeA.back(), cols = shapeB.back();
  if (depth != shapeB[shapeB.size() - 2]) {
    (void)node.fail("inner dimensions differ: inputs have shapes " + shapeText(shapeOf(a)) + " and " + shapeText(shapeOf(b)));
    return {};
  }
  FailureOr<Shape> result = nn::broadcastShapes({ShapeRef(shapeA).drop_back(2), ShapeRef(shapeB).drop_back(2)});
  if (failed(result)) {
    (void)node.fail("batch dimensions of " + shapeText(shapeA) + " and " + shapeText(shapeB) + " do not broadcast");
    return {};
  }
  if (!isVectorA)
    result->push_back(shapeA[shapeA.size() - 2]);
  if (!isVectorB)
    result->push_back(cols);
  Value y;
  if (isF32(a) && isConstant(b) && shapeB.size() == 2) {
    int64_t rows = *elementCount(ShapeRef(shapeA).drop_back());
    Value weights = node.transpose(node.reshape(b, shapeB), {1, 0});
    y = fullyConnected(node, node.reshape(a, {rows, depth}), weights, {});
  } else {
    y = node.matmul(node.reshape(a, shapeA), node.reshape(b, shapeB));
  }
  return node.reshape(y, *result);
}

static LogicalResult legalizeMatMul(NodeBinder &node) {
  Value a = node.operand(0), b = node.operand(1);
  bool isOfIntegers = isInteger(a) && elementOf(a) == elementOf(b);
  if (!isOfIntegers && (failed(node.needFloat(a, "A")) || failed(node.needFloat(b, "B"))))
    return failure();
  return node.setResult(multiplyAsNumPy(node, a, b));
}

void legalize::registerMatMuls(Registry &registry) {
  registry.add("Gemm", {1, 6, 7, 9}, {3, 3}, legalizeGemm);
  registry.add("Gemm", {11, 13}, {2, 3}, legalizeGemm);
  registry.add("MatMul", {1, 9, 13}, {2, 2}, legalizeMatMul);
}
