// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that change or ask for the shape: the elements and their order stay.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// 0 copies a dimension unless `zeroIsZero`; -1, at most once, takes what is left.
static FailureOr<Shape> resolveShape(NodeBinder &node, ShapeRef from, Shape shape, bool zeroIsZero) {
  std::string wanted = shapeText(shape);
  std::optional<size_t> open;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !zeroIsZero) {
      if (i >= from.size())
        return node.fail("shape copies dimension " + Twine(i) + ", but the input has " + Twine(from.size()) + " dimensions");
      shape[i] = from[i];
    }
    if (shape[i] < -1 || (shape[i] == -1 && open))
      return node.fail("shape " + wanted + " is not valid");
    if (shape[i] == -1)
      open = i;
  }
  if (open)
    shape[*open] = 1;
  std::optional<int64_t> given = elementCount(shape), count = elementCount(from);
  if (open && given && *given != 0 && *count % *given == 0) {
    shape[*open] = *count / *given;
    given = count;
  }
  if (given != count)
    return node.fail("cannot turn " + Twine(*count) + " elements of shape " + shapeText(from) + " into shape " + wanted);
  return shape;
}

static LogicalResult legalizeReshape(NodeBinder &node) {
  Value x = node.operand(0);
  bool zeroIsZero = node.getOpset() >= 14 && node.flag("allowzero", false);
  bool isKnown = isConstant(node.operand(1));
  FailureOr<Shape> given = isKnown ? node.constantIntegers(1, "shape") : node.shapeInsteadOf("shape");
  FailureOr<Shape> shape = failed(given) ? given : resolveShape(node, shapeOf(x), *given, zeroIsZero || !isKnown);
  return failed(shape) ? failure() : node.setResult(node.reshape(x, *shape));
}

static LogicalResult legalizeFlatten(NodeBinder &node) {
  Value x = node.operand(0);
  ShapeRef shape = shapeOf(x);
  int64_t axis = node.integer("axis", 1), rank = int64_t(shape.size());
  if (axis < -rank || axis > rank)
    return node.fail("axis " + Twine(axis) + " is outside a tensor of " + Twine(rank) + " dimensions");
  if (axis < 0)
    axis += rank;
  return node.setResult(node.reshape(x, {*elementCount(shape.take_front(axis)), *elementCount(shape.drop_front(axis))}));
}

// Squeeze and Unsqueeze with axes that are known at run time: the shape that the file declares is all there is to know.
static LogicalResult reshapeAsDeclared(NodeBinder &node) {
  FailureOr<Shape> shape = node.shapeInsteadOf("axes");
  if (failed(shape))
    return failure();
  if (elementCount(*shape) != elementCount(shapeOf(node.operand(0))))
    return node.fail("the file declares shape " + shapeText(*shape) + " for elements of shape " +
                     shapeText(shapeOf(node.operand(0))));
  return node.setResult(node.reshape(node.operand(0), *shape));
}

static bool areAxesUnknown(NodeBinder &node) {
  return node.getOpset() >= 13 && node.operand(1) && !isConstant(node.operand(1));
}

// The axes of Squeeze and Unsqueeze, which were an attribute before operator set 13. Empty if they are left out.
static FailureOr<Shape> readAxes(NodeBinder &node) {
  if (node.getOpset() < 13)
    return node.integers("axes");
  return node.operand(1) ? node.constantIntegers(1, "axes") : FailureOr<Shape>(Shape());
}

static LogicalResult legalizeSqueeze(NodeBinder &node) {
  if (areAxesUnknown(node))
    return reshapeAsDeclared(node);
  Value x = node.operand(0);
  bool isGiven = node.getOpset() < 13 ? node.has("axes") : bool(node.operand(1));
  FailureOr<Shape> given = readAxes(node);
  FailureOr<Shape> axes = failed(given) ? given : node.axes(*given, shapeOf(x).size());
  if (failed(axes))
    return failure();
  Shape shape;
  for (auto [i, dim] : llvm::enumerate(shapeOf(x))) {
    bool isRemoved = isGiven ? llvm::is_contained(*axes, int64_t(i)) : dim == 1;
    if (isRemoved && dim != 1)
      return node.fail("cannot remove dimension " + Twine(i) + " of shape " + shapeText(shapeOf(x)));
    if (!isRemoved)
      shape.push_back(dim);
  }
  return node.setResult(node.reshape(x, shape));
}

static LogicalResult legalizeUnsqueeze(NodeBinder &node) {
  if (areAxesUnknown(node))
    return reshapeAsDeclared(node);
  Value x = node.operand(0);
  FailureOr<Shape> given = readAxes(node);
  FailureOr<Shape> axes = failed(given) ? given : node.axes(*given, shapeOf(x).size() + given->size());
  if (failed(axes))
    return failure();
  Shape shape(shapeOf(x));
  for (int64_t axis : *axes) // sorted, so that each is an index into what the earlier ones gave
    shape.insert(shape.begin() + axis, 1);
  return node.setResult(node.reshape(x, shape));
}

static LogicalResult legalizeExpand(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<Shape> given = isConstant(node.operand(1)) ? node.constantIntegers(1, "shape") : node.shapeInsteadOf("shape");
  if (failed(given))
    return failure();
  if (llvm::any_of(*given, [](int64_t dim) { return dim < 0; }))
    return node.fail("shape " + shapeText(*given) + " is not valid");
  FailureOr<Shape> shape = nn::broadcastShapes({shapeOf(x), *given});
  if (failed(shape))
    return node.fail("input of shape " + shapeText(shapeOf(x)) + " does not broadcast to " + shapeText(*given));
  return node.setResult(node.broadcast(x, *shape));
}

// The repeats that lead to the declared shape.
static FailureOr<Shape> declaredRepeats(NodeBinder &node) {
  ShapeRef from = shapeOf(node.operand(0));
  FailureOr<Shape> shape = node.shapeInsteadOf("repeats");
  if (failed(shape))
    return failure();
  Shape repeats;
  for (size_t i = 0; i < from.size() && i < shape->size(); ++i)
    repeats.push_back(from[i] == 0 ? 1 : (*shape)[i] / from[i]);
  for (size_t i = 0; i < repeats.size(); ++i)
    if (repeats[i] * from[i] != (*shape)[i] || from.size() != shape->size())
      return node.fail("shape " + shapeText(*shape) + ", which the file declares, is no repetition of " + shapeText(from));
  return repeats;
}

// Repeats are broadcasts along dimensions of their own: [2, 3] by (4, 1) is [1, 2, 3] to [4, 2, 3] to [8, 3].
static LogicalResult legalizeTile(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<Shape> repeats = isConstant(node.operand(1)) ? node.constantIntegers(1, "repeats") : declaredRepeats(node);
  if (failed(repeats))
    return failure();
  if (repeats->size() != shapeOf(x).size())
    return node.fail("needs a repeat for each of " + Twine(shapeOf(x).size()) + " dimensions, got " + Twine(repeats->size()));
  Shape split, repeated, result;
  for (auto [dim, count] : llvm::zip(shapeOf(x), *repeats)) {
    int64_t product;
    if (count < 0 || llvm::MulOverflow(dim, count, product))
      return node.fail("cannot repeat " + Twine(count) + " times");
    if (count != 1) {
      split.push_back(1);
      repeated.push_back(count);
    }
    split.push_back(dim);
    repeated.push_back(dim);
    result.push_back(product);
  }
  return node.setResult(node.reshape(node.broadcast(node.reshape(x, split), repeated), result));
}

static LogicalResult legalizeShape(NodeBinder &node) {
  ShapeRef shape = shapeOf(node.operand(0));
  int64_t rank = int64_t(shape.size()), start = 0, end = rank;
  if (node.getOpset() >= 15) {
    start = node.integer("start", 0);
    end = node.integer("end", rank);
  }
  auto clamp = [rank](int64_t index) {
    index = std::min(std::max(index, -rank), rank);
    return index < 0 ? index + rank : index;
  };
  start = clamp(start);
  end = std::max(start, clamp(end));
  return node.setResult(node.integerVector(shape.slice(start, end - start)));
}

static LogicalResult legalizeSize(NodeBinder &node) {
  int64_t size = *elementCount(shapeOf(node.operand(0)));
  return node.setResult(node.constant<int64_t>({}, node.getBuilder().getI64Type(), size));
}

void legalize::registerShapes(Registry &registry) {
  registry.add("Reshape", {5, 13, 14, 19, 21}, {2, 2}, legalizeReshape);
  registry.add("Flatten", {1, 9, 11, 13, 21}, {1, 1}, legalizeFlatten);
  registry.add("Squeeze", {1, 11}, {1, 1}, legalizeSqueeze);
  registry.add("Squeeze", {13, 21}, {1, 2}, legalizeSqueeze);
  registry.add("Unsqueeze", {1, 11}, {1, 1}, legalizeUnsqueeze);
  registry.add("Unsqueeze", {13, 21}, {2, 2}, legalizeUnsqueeze);
  registry.add("Expand", {8, 13}, {2, 2}, legalizeExpand);
  registry.add("Tile", {6, 13}, {2, 2}, legalizeTile);
  registry.add("Shape", {1, 13, 15, 19, 21}, {1, 1}, legalizeShape);
  registry.add("Size", {1, 13, 19, 21}, {1, 1}, legalizeSize);
}
