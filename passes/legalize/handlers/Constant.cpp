// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators whose results are known at compile time, as far as their parameters are.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/RuntimeParameters.h"
#include "passes/legalize/handlers/Types.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static LogicalResult legalizeConstant(NodeBinder &node) {
  Builder &builder = node.getBuilder();
  if (ElementsAttr value = node.tensor("value"))
    return node.setResult(node.constant(value));
  if (node.has("value_float"))
    return node.setResult(node.scalar(node.real("value_float", 0)));
  if (node.has("value_int"))
    return node.setResult(node.constant<int64_t>({}, builder.getI64Type(), node.integer("value_int", 0)));
  if (node.has("value_ints"))
    return node.setResult(node.integerVector(node.integers("value_ints")));
  if (node.has("value_floats")) {
    SmallVector<float> values = node.reals("value_floats");
    return node.setResult(node.constant<float>({int64_t(values.size())}, builder.getF32Type(), values));
  }
  for (StringRef name : {"value_string", "value_strings", "sparse_value"})
    if (node.has(name))
      return node.fail("attribute '" + name + "' is not supported");
  return node.fail("has no value");
}

static LogicalResult legalizeConstantOfShape(NodeBinder &node) {
  FailureOr<Shape> shape = isConstant(node.operand(0)) ? node.constantIntegers(0, "input") : node.shapeInsteadOf("input");
  ElementsAttr value = node.tensor("value");
  if (failed(shape) || node.hasFailed())
    return failure();
  if (llvm::any_of(*shape, [](int64_t dim) { return dim < 0; }) || (value && value.getNumElements() != 1))
    return node.fail("needs a shape without negative dimensions and one value");
  Value element = value ? node.reshape(node.constant(value), {}) : node.scalar(0);
  return node.setResult(node.broadcast(element, *shape));
}

template <typename T> static LogicalResult range(NodeBinder &node, const ConstantData (&data)[3], Type element) {
  T start = data[0].as<T>()[0], delta = data[2].as<T>()[0];
  double count = std::ceil((data[1].number(0) - data[0].number(0)) / data[2].number(0));
  if (delta == 0 || std::isnan(count) || count > INT32_MAX)
    return node.fail("has too many elements");
  if (failed(node.checkTable(int64_t(count))))
    return failure();
  std::vector<T> values(count > 0 ? size_t(count) : 0);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = T(start + T(i) * delta);
  return node.setResult(node.constant<T>({int64_t(values.size())}, element, values));
}

static LogicalResult legalizeRange(NodeBinder &node) {
  Type element = elementOf(node.operand(0));
  for (size_t i = 0; i < 3; ++i)
    if (!isConstant(node.operand(i)))
      return rangeAtRunTime(node);
  for (size_t i = 0; i < 3; ++i) {
    FailureOr<ConstantData> data = ConstantData::get(node.operand(i));
    if (failed(data) || data->size() != 1)
      return node.fail("input " + Twine(i) + " must be one number that is known at compile time");
    if (elementOf(node.operand(i)) != element)
      return node.fail("inputs must have the same element type");
  }
  const ConstantData data[3] = {*ConstantData::get(node.operand(0)), *ConstantData::get(node.operand(1)),
                                *ConstantData::get(node.operand(2))};
  if (element.isF32())
    return range<float>(node, data, element);
  if (element.isSignlessInteger(64))
    return range<int64_t>(node, data, element);
  if (element.isSignlessInteger(32))
    return range<int32_t>(node, data, element);
  if (element.isSignlessInteger(16))
    return range<int16_t>(node, data, element);
  return node.fail("does not count in elements of type " + typeText(element));
}

// A matrix of 0 and 1 that is 1 where `isSet(row, col)`; booleans.
static Value mask(NodeBinder &node, int64_t rows, int64_t cols, llvm::function_ref<bool(int64_t, int64_t)> isSet) {
  if (failed(node.checkTable(rows * cols)))
    return {};
  std::vector<char> bits(size_t(rows * cols));
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col)
      bits[row * cols + col] = isSet(row, col);
  return node.constant<char>({rows, cols}, node.getBuilder().getI1Type(), bits);
}

static LogicalResult legalizeEyeLike(NodeBinder &node) {
  Value x = node.operand(0);
  int64_t k = node.integer("k", 0);
  Type element = node.has("dtype") ? typeOfCode(node.getBuilder(), node.integer("dtype", 0)) : elementOf(x);
  if (shapeOf(x).size() != 2 || !element)
    return node.fail("needs a matrix and an element type that Thimble supports");
  Value ones = mask(node, shapeOf(x)[0], shapeOf(x)[1], [k](int64_t row, int64_t col) { return col - row == k; });
  return node.setResult(node.cast(ones, element));
}

static LogicalResult legalizeTrilu(NodeBinder &node) {
  Value x = node.operand(0);
  bool isUpper = node.flag("upper", true);
  if (shapeOf(x).size() < 2)
    return node.fail("needs an input of two dimensions or more");
  ShapeRef matrix = shapeOf(x).take_back(2);
  if (Value diagonal = node.operand(1); diagonal && !isConstant(diagonal)) {
    if (elementCount(shapeOf(diagonal)) != 1 || failed(node.checkTable(matrix[0] + matrix[1])))
      return node.fail("input 'k' must be one number");
    Value row = node.reshape(node.integerVector(sequence(0, matrix[0])), {matrix[0], 1});
    // Farther away than the matrix is as good as at its edge, and cannot overflow.
    auto bound = [&](int64_t value) { return node.constant<int64_t>({}, node.getBuilder().getI64Type(), value); };
    Value k = node.binary(nn::BinaryKind::Max, node.reshape(asIndex(node, diagonal), {}), bound(-matrix[0]));
    Value edge = node.add(row, node.binary(nn::BinaryKind::Min, k, bound(matrix[1])));
    Value col = node.integerVector(sequence(0, matrix[1]));
    Value kept = isUpper ? node.compare(nn::CompareKind::LessEqual, edge, col)
                         : node.compare(nn::CompareKind::LessEqual, col, edge);
    return node.setResult(node.select(kept, x, node.scalar(elementOf(x), 0)));
  }
  FailureOr<int64_t> k = node.operand(1) ? node.constantInteger(1, "k") : FailureOr<int64_t>(0);
  if (failed(k))
    return failure();
  Value kept =
      mask(node, matrix[0], matrix[1], [&](int64_t row, int64_t col) { return isUpper ? col - row >= *k : col - row <= *k; });
  return node.setResult(node.select(kept, x, node.scalar(elementOf(x), 0)));
}

void legalize::registerConstants(Registry &registry) {
  registry.add("Constant", {1, 9, 11, 12, 13, 19, 21}, {0, 0}, legalizeConstant);
  registry.add("ConstantOfShape", {9, 20, 21}, {1, 1}, legalizeConstantOfShape);
  registry.add("Range", {11}, {3, 3}, legalizeRange);
  registry.add("EyeLike", {9, 22}, {1, 1}, legalizeEyeLike);
  registry.add("Trilu", {14}, {1, 2}, legalizeTrilu);
}
