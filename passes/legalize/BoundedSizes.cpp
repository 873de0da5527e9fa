// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which dimension of a result has the size that depends on data, from those of the operands.
#include "passes/legalize/BoundedSizes.h"
#include "passes/legalize/NodeBinder.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// Operators that treat every element on its own, with broadcasting.
static bool isElementwise(StringRef opType) {
  static const llvm::StringSet<> names = {"Abs",         "Acos",      "Add",         "And",        "Asin",
                                          "Atan",        "Cast",      "CastLike",    "Ceil",       "Clip",
                                          "Cos",         "Div",       "Elu",         "Equal",      "Erf",
                                          "Exp",         "Floor",     "Gelu",        "Greater",    "GreaterOrEqual",
                                          "HardSigmoid", "HardSwish", "Identity",    "IsInf",      "IsNaN",
                                          "LeakyRelu",   "Less",      "LessOrEqual", "Log",        "Max",
                                          "Mean",        "Min",       "Mod",         "Mul",        "Neg",
                                          "Not",         "Or",        "Pow",         "Reciprocal", "Relu",
                                          "Round",       "Sigmoid",   "Sign",        "Sin",        "Softplus",
                                          "Sqrt",        "Sub",       "Sum",         "Tan",        "Tanh",
                                          "Where",       "Xor"};
  return names.contains(opType);
}

// The dimension of `shape` with the same size and as many elements before it.
static std::optional<int64_t> samePlace(ShapeRef from, int64_t dimension, ShapeRef shape) {
  int64_t before = *elementCount(from.take_front(dimension)), count = 1;
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (count == before && size == from[dimension])
      return int64_t(i);
    count *= size;
  }
  return std::nullopt;
}

namespace {
struct Bounded {
  size_t operand;
  BoundedSize size;
};
} // namespace

// The bounded dimension of `result`, or nothing if the operator mixes positions.
static std::optional<int64_t> dimensionOf(NodeBinder &node, ArrayRef<Bounded> bounded, Value result) {
  StringRef opType = node.getOpType();
  const Bounded &first = bounded.front();
  int64_t dimension = first.size.dimension;
  ShapeRef from = shapeOf(node.operand(first.operand)), to = shapeOf(result);
  int64_t fromEnd = int64_t(from.size()) - dimension;
  auto isBounded = [&](size_t operand) {
    return llvm::any_of(bounded, [&](const Bounded &b) { return b.operand == operand; });
  };
  if (isElementwise(opType)) {
    for (const Bounded &other : bounded)
      if (int64_t(shapeOf(node.operand(other.operand)).size()) - other.size.dimension != fromEnd)
        return std::nullopt;
    for (size_t i = 0; i < node.getOperandCount(); ++i) {
      ShapeRef shape = shapeOf(node.operand(i));
      if (!isBounded(i) && int64_t(shape.size()) >= fromEnd && shape[shape.size() - fromEnd] != 1)
        return std::nullopt;
    }
    return int64_t(to.size()) - fromEnd;
  }
  if (opType == "Concat") {
    int64_t axis = node.integer("axis", 1);
    axis += axis < 0 ? int64_t(from.size()) : 0;
    bool isSame = bounded.size() == node.getOperandCount() && axis != dimension;
    for (const Bounded &other : bounded)
      isSame &= other.size.dimension == dimension;
    return isSame ? std::optional(dimension) : std::nullopt;
  }
  if (bounded.size() != 1)
    return std::nullopt;
  if (opType == "Transpose") {
    Shape reversed = sequence(0, int64_t(from.size()));
    std::reverse(reversed.begin(), reversed.end());
    Shape permutation = node.integers("perm", reversed);
    return llvm::find(permutation, dimension) - permutation.begin();
  }
  if (opType == "Gather") {
    int64_t rank = int64_t(shapeOf(node.operand(0)).size()), axis = node.integer("axis", 0);
    axis += axis < 0 ? rank : 0;
    if (first.operand == 1)
      return axis + dimension;
    if (axis == dimension)
      return std::nullopt;
    return dimension < axis ? dimension : dimension + int64_t(shapeOf(node.operand(1)).size()) - 1;
  }
  if (first.operand == 0 && (opType == "Squeeze" || opType == "Unsqueeze" || opType == "Reshape"))
    return samePlace(from, dimension, to);
  if (first.operand == 0 && opType == "Slice") {
    auto slice = result.getDefiningOp<nn::SliceOp>();
    bool isWhole = slice && to[dimension] == from[dimension] && slice.getStrides()[dimension] == 1;
    return isWhole ? std::optional(dimension) : std::nullopt;
  }
  return std::nullopt;
}

LogicalResult legalize::propagateSizes(NodeBinder &node, SizeMap &sizes) {
  SmallVector<Bounded> bounded;
  for (size_t i = 0; i < node.getOperandCount(); ++i)
    if (auto found = sizes.find(node.operand(i)); node.operand(i) && found != sizes.end())
      bounded.push_back({i, found->second});
  if (bounded.empty())
    return success();
  for (size_t i = 0; i < node.getNode().getOutputs().size(); ++i) {
    Value result = node.result(i);
    if (!result || sizes.count(result))
      continue;
    bool isOneSize = llvm::all_of(bounded, [&](const Bounded &b) { return b.size.size == bounded.front().size.size; });
    bool isKnown = isOneSize && isa<RankedTensorType>(result.getType()); // and no sequence
    std::optional<int64_t> dimension = isKnown ? dimensionOf(node, bounded, result) : std::nullopt;
    if (!dimension)
      return node.fail(
          "input " + Twine(bounded.front().operand) + " has a size that depends on data, in dimension " +
          Twine(bounded.front().size.dimension) +
          "; such tensors may be outputs, and pass through elementwise operators, Transpose, Gather, Slice, Squeeze, "
          "Unsqueeze, Reshape and Concat as long as these leave that dimension alone");
    sizes[result] = {*dimension, bounded.front().size.size};
  }
  return success();
}
