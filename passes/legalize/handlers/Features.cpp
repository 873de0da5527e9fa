// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The operators of ai.onnx.ml that prepare features.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Scores.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::CompareKind;
using nn::ReduceKind;
using nn::UnaryKind;

// A list that is one number for all features or one for each, to be broadcast along the last dimension of x.
template <typename T>
static Value perFeature(NodeBinder &node, llvm::StringRef name, llvm::ArrayRef<T> values, Type element, Value x) {
  int64_t features = shapeOf(x).empty() ? 1 : shapeOf(x).back(), count = int64_t(values.size());
  if (count != 1 && count != features) {
    (void)node.fail("attribute '" + name + "' has " + llvm::Twine(count) + " elements for " + llvm::Twine(features) +
                    " features");
    return {};
  }
  return node.constant<T>({count}, element, values);
}

static Value asFloat(NodeBinder &node, Value x) { return node.cast(x, node.getBuilder().getF32Type()); }

static LogicalResult legalizeScaler(NodeBinder &node) {
  Value x = asFloat(node, node.operand(0));
  llvm::SmallVector<float> offset = node.reals("offset"), scale = node.reals("scale");
  if (!offset.empty())
    x = node.sub(x, perFeature<float>(node, "offset", offset, node.getBuilder().getF32Type(), node.operand(0)));
  if (!scale.empty())
    x = node.mul(x, perFeature<float>(node, "scale", scale, node.getBuilder().getF32Type(), node.operand(0)));
  return node.setResult(x);
}

static LogicalResult legalizeBinarizer(NodeBinder &node) {
  Value x = node.operand(0);
  float threshold = node.real("threshold", 0);
  // Integers are above a number if they are above the next integer below it.
  Value limit = isInteger(x) ? node.scalar(elementOf(x), std::floor(threshold)) : node.scalar(threshold);
  if (isInteger(x) && !(std::fabs(threshold) < 1e9f))
    return node.fail("threshold " + llvm::Twine(std::to_string(threshold)) + " is out of proportion for integers");
  return node.setResult(
      node.select(node.compare(CompareKind::Less, limit, x), node.scalar(elementOf(x), 1), node.scalar(elementOf(x), 0)));
}

static LogicalResult legalizeNormalizer(NodeBinder &node) {
  Value input = node.operand(0), x = asFloat(node, input);
  llvm::StringRef norm = node.text("norm", "MAX");
  if (shapeOf(input).empty() || shapeOf(input).size() > 2)
    return node.fail("input must be rows of features, got the shape " + shapeText(shapeOf(input)));
  Shape axes{int64_t(shapeOf(input).size()) - 1};
  Value size;
  if (norm == "MAX")
    size = node.reduce(ReduceKind::Max, x, axes, true);
  else if (norm == "L1")
    size = node.reduce(ReduceKind::L1, x, axes, true);
  else if (norm == "L2")
    size = node.reduce(ReduceKind::L2, x, axes, true);
  else
    return node.fail("attribute 'norm' must be MAX, L1 or L2, got '" + norm + "'");
  Value isZero = node.compare(CompareKind::Equal, size, node.scalar(0.0f));
  return node.setResult(node.div(x, node.select(isZero, node.scalar(1.0f), size)));
}

static LogicalResult legalizeImputer(NodeBinder &node) {
  Value x = node.operand(0);
  if (isF32(x)) {
    float replaced = node.real("replaced_value_float", 0);
    Value value = perFeature<float>(node, "imputed_value_floats", node.reals("imputed_value_floats"), elementOf(x), x);
    node.ignore({"imputed_value_int64s", "replaced_value_int64"});
    Value keeps = std::isnan(replaced) ? node.compare(CompareKind::Equal, x, x)
                                       : node.unary(UnaryKind::Not, node.compare(CompareKind::Equal, x, node.scalar(replaced)));
    return node.setResult(node.select(keeps, x, value));
  }
  if (!elementOf(x).isSignlessInteger(64))
    return node.fail("input must have elements of float32 or int64, got " + typeText(elementOf(x)));
  Shape replaced{node.integer("replaced_value_int64", 0)};
  Value value = perFeature<int64_t>(node, "imputed_value_int64s", node.integers("imputed_value_int64s"), elementOf(x), x);
  node.ignore({"imputed_value_floats", "replaced_value_float"});
  Value isMissing = node.compare(CompareKind::Equal, x, node.integerVector(replaced));
  return node.setResult(node.select(isMissing, value, x));
}

// Columns side by side, each input filled with zeros to its size, as in ONNX Runtime.
static LogicalResult legalizeFeatureVectorizer(NodeBinder &node) {
  Shape sizes = node.integers("inputdimensions");
  llvm::SmallVector<Value> columns;
  if (sizes.size() != node.getOperandCount())
    return node.fail("attribute 'inputdimensions' has " + llvm::Twine(sizes.size()) + " elements for " +
                     llvm::Twine(node.getOperandCount()) + " inputs");
  for (size_t i = 0; i < sizes.size(); ++i) {
    Value x = node.operand(i);
    ShapeRef shape = shapeOf(x);
    if (!x || shape.empty() || sizes[i] < 0)
      return node.fail("input " + llvm::Twine(i) + " must be columns of features");
    int64_t rows = shape.size() == 1 ? 1 : shape[0], count = elementCount(shape).value_or(0) / std::max<int64_t>(rows, 1);
    x = asFloat(node, node.reshape(x, {rows, count}));
    if (count > sizes[i])
      x = node.slice(x, 1, 0, sizes[i]);
    columns.push_back(x);
    if (count < sizes[i])
      columns.push_back(node.filled({rows, sizes[i] - count}, node.getBuilder().getF32Type(), 0));
  }
  return node.setResult(node.concat(columns, 1));
}

static LogicalResult legalizeArrayFeatureExtractor(NodeBinder &node) {
  Value x = node.operand(0), indices = node.operand(1);
  if (shapeOf(x).empty() || !isInteger(indices))
    return node.fail("needs a tensor of one dimension or more and integer indices");
  int64_t count = elementCount(shapeOf(indices)).value_or(0), axis = int64_t(shapeOf(x).size()) - 1;
  if (FailureOr<ConstantData> known = ConstantData::get(indices); succeeded(known))
    for (int64_t index : known->integers())
      if (index < 0 || index >= shapeOf(x).back())
        return node.fail("index " + llvm::Twine(index) + " is outside the last dimension of " + llvm::Twine(shapeOf(x).back()));
  Value y = node.emit<nn::GatherOp>(x, node.reshape(indices, {count}), axis);
  return node.setResult(axis == 0 ? node.reshape(y, {1, count}) : y);
}

void legalize::registerFeatures(Registry &registry) {
  registry.add("ai.onnx.ml.ArrayFeatureExtractor", {1}, {2, 2}, legalizeArrayFeatureExtractor);
  registry.add("ai.onnx.ml.Binarizer", {1}, {1, 1}, legalizeBinarizer);
  registry.add("ai.onnx.ml.FeatureVectorizer", {1}, {1, anyNumber}, legalizeFeatureVectorizer);
  registry.add("ai.onnx.ml.Imputer", {1}, {1, 1}, legalizeImputer);
  registry.add("ai.onnx.ml.Normalizer", {1}, {1, 1}, legalizeNormalizer);
  registry.add("ai.onnx.ml.Scaler", {1}, {1, 1}, legalizeScaler);
}
