// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sequences and optionals: all is resolved at compile time but positions, which may be chosen at run time among elements of the
// same shape.
#include "passes/legalize/Sequences.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/RuntimeParameters.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// The elements of operand 0.
static FailureOr<SmallVector<Value>> inputElements(NodeBinder &node) {
  Value sequence = node.operand(0);
  if (!isSequence(sequence))
    return node.fail("input 0 must be a sequence");
  return elementsOf(sequence);
}

namespace {

// A position in a sequence: a number, or a scalar that is known at run time.
struct Position {
  int64_t known = 0;
  Value runtime;
};

} // namespace

// Operand `index`, or `fallback` if it is left out. Negative positions count from `size`; `limit` is the first that is too
// large.
static FailureOr<Position> readPosition(NodeBinder &node, size_t index, int64_t size, int64_t limit, int64_t fallback) {
  Value operand = node.operand(index);
  if (!operand && limit == 0)
    return node.fail("the sequence is empty");
  if (!operand)
    return Position{fallback, {}};
  if (!isTensor(operand) || !isInteger(operand) || elementCount(shapeOf(operand)) != 1)
    return node.fail("input 'position' must be one integer");
  if (!isConstant(operand))
    return Position{0, fromFront(node, node.reshape(asIndex(node, operand), {}), size)};
  FailureOr<int64_t> position = node.constantInteger(index, "position");
  if (failed(position))
    return failure();
  if (*position < -size || *position >= limit)
    return node.fail("position " + Twine(*position) + " is outside a sequence of " + Twine(size) + " elements");
  return Position{*position < 0 ? *position + size : *position, {}};
}

static Value isAt(NodeBinder &node, nn::CompareKind kind, int64_t index, Value position) {
  return node.compare(kind, node.scalar(node.getBuilder().getI64Type(), double(index)), position);
}

static constexpr StringLiteral differ = "the elements to choose from at run time are";

static LogicalResult legalizeConstruct(NodeBinder &node) {
  SmallVector<Value> elements;
  for (size_t i = 0; i < node.getOperandCount(); ++i) {
    elements.push_back(node.operand(i));
    if (!isTensor(elements.back()))
      return node.fail("input " + Twine(i) + " must be a tensor");
  }
  return node.setResult(makeSequence(node, elements));
}

static LogicalResult legalizeEmpty(NodeBinder &node) {
  node.ignore({"dtype"});
  return node.setResult(makeSequence(node, {}));
}

static LogicalResult legalizeAt(NodeBinder &node) {
  FailureOr<SmallVector<Value>> elements = inputElements(node);
  if (failed(elements))
    return failure();
  int64_t size = int64_t(elements->size());
  if (size == 0)
    return node.fail("the sequence is empty");
  FailureOr<Position> position = readPosition(node, 1, size, size, 0);
  if (failed(position))
    return failure();
  if (!position->runtime)
    return node.setResult((*elements)[position->known]);
  Value chosen = elements->front();
  for (int64_t i = 1; i < size; ++i)
    chosen = selectAny(node, isAt(node, nn::CompareKind::Equal, i, position->runtime), (*elements)[i], chosen, differ);
  return node.setResult(chosen);
}

static LogicalResult legalizeInsert(NodeBinder &node) {
  FailureOr<SmallVector<Value>> elements = inputElements(node);
  Value inserted = node.operand(1);
  if (failed(elements))
    return failure();
  int64_t size = int64_t(elements->size());
  FailureOr<Position> position = readPosition(node, 2, size, size + 1, size);
  if (failed(position))
    return failure();
  if (!position->runtime) {
    elements->insert(elements->begin() + position->known, inserted);
    return node.setResult(makeSequence(node, *elements));
  }
  SmallVector<Value> result;
  for (int64_t i = 0; i <= size; ++i) {
    Value after = i > 0 ? (*elements)[i - 1] : inserted;
    Value here = selectAny(node, isAt(node, nn::CompareKind::Equal, i, position->runtime), inserted, after, differ);
    result.push_back(
        i < size ? selectAny(node, isAt(node, nn::CompareKind::Less, i, position->runtime), (*elements)[i], here, differ)
                 : here);
  }
  return node.setResult(makeSequence(node, result));
}

static LogicalResult legalizeErase(NodeBinder &node) {
  FailureOr<SmallVector<Value>> elements = inputElements(node);
  if (failed(elements))
    return failure();
  int64_t size = int64_t(elements->size());
  FailureOr<Position> position = readPosition(node, 1, size, size, size - 1);
  if (failed(position))
    return failure();
  if (!position->runtime) {
    elements->erase(elements->begin() + position->known);
    return node.setResult(makeSequence(node, *elements));
  }
  SmallVector<Value> result;
  for (int64_t i = 0; i + 1 < size; ++i)
    result.push_back(
        selectAny(node, isAt(node, nn::CompareKind::Less, i, position->runtime), (*elements)[i], (*elements)[i + 1], differ));
  return node.setResult(makeSequence(node, result));
}

static LogicalResult legalizeLength(NodeBinder &node) {
  FailureOr<SmallVector<Value>> elements = inputElements(node);
  if (failed(elements))
    return failure();
  return node.setResult(node.constant<int64_t>({}, node.getBuilder().getI64Type(), int64_t(elements->size())));
}

// The sizes of the parts: those that 'split' lists, or parts of the one size that it is, of which the last may be smaller.
static FailureOr<Shape> partSizes(NodeBinder &node, int64_t size) {
  Shape sizes;
  Value split = node.operand(1);
  if (split && !isTensor(split))
    return node.fail("input 'split' must be a tensor");
  if (split && !shapeOf(split).empty()) {
    FailureOr<Shape> given = node.constantIntegers(1, "split");
    if (failed(given))
      return failure();
    int64_t left = size;
    for (int64_t part : *given) {
      if (part < 0 || part > left)
        return node.fail("cannot split " + Twine(size) + " positions into parts of " + shapeText(*given));
      left -= part;
    }
    if (left != 0)
      return node.fail("cannot split " + Twine(size) + " positions into parts of " + shapeText(*given));
    return given;
  }
  FailureOr<int64_t> part = split ? node.constantInteger(1, "split") : FailureOr<int64_t>(1);
  if (failed(part))
    return failure();
  if (*part < 1)
    return node.fail("cannot split into parts of " + Twine(*part));
  constexpr int64_t longest = 4096;
  if (size / *part >= longest)
    return node.fail("gives a sequence of more than " + Twine(longest) + " elements");
  for (int64_t begin = 0; begin < size; begin += *part)
    sizes.push_back(std::min(*part, size - begin));
  return sizes;
}

static LogicalResult legalizeSplit(NodeBinder &node) {
  Value x = node.operand(0);
  if (!isTensor(x))
    return node.fail("input 0 must be a tensor");
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(x).size());
  bool keepDims = node.flag("keepdims", true) || node.operand(1);
  FailureOr<Shape> sizes = failed(axis) ? FailureOr<Shape>(failure()) : partSizes(node, shapeOf(x)[*axis]);
  if (failed(sizes))
    return failure();
  SmallVector<Value> parts;
  int64_t begin = 0;
  for (int64_t size : *sizes) {
    Value part = node.slice(x, *axis, begin, size);
    Shape shape(shapeOf(part));
    if (!keepDims && part) {
      shape.erase(shape.begin() + *axis);
      part = node.reshape(part, shape);
    }
    parts.push_back(part);
    begin += size;
  }
  return node.setResult(makeSequence(node, parts));
}

static LogicalResult legalizeConcat(NodeBinder &node) {
  FailureOr<SmallVector<Value>> elements = inputElements(node);
  bool isNew = node.flag("new_axis", false);
  if (!node.has("axis"))
    return node.fail("attribute 'axis' is missing");
  if (failed(elements))
    return failure();
  if (elements->empty())
    return node.fail("the sequence is empty");
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(elements->front()).size() + (isNew ? 1 : 0));
  if (failed(axis))
    return failure();
  Shape common(shapeOf(elements->front())), expanded = common;
  expanded.insert(expanded.begin() + (isNew ? *axis : 0), 1);
  for (Value &element : *elements) {
    if (isNew && shapeOf(element) != ShapeRef(common))
      return node.fail("the elements have different shapes");
    if (isNew)
      element = node.reshape(element, expanded);
  }
  return node.setResult(node.concat(*elements, *axis));
}

static LogicalResult legalizeOptional(NodeBinder &node) {
  node.ignore({"type"});
  return node.setResult(node.operand(0) ? node.operand(0) : makeNothing(node));
}

static LogicalResult legalizeHasElement(NodeBinder &node) {
  bool has = node.operand(0) && !isNothing(node.operand(0));
  return node.setResult(node.scalar(node.getBuilder().getI1Type(), has));
}

static LogicalResult legalizeGetElement(NodeBinder &node) {
  if (isNothing(node.operand(0)))
    return node.fail("the optional holds nothing");
  return node.setResult(node.operand(0));
}

static LogicalResult legalizeIdentity(NodeBinder &node) { return node.setResult(node.operand(0)); }

void legalize::registerSequences(Registry &registry) {
  constexpr bool takesSequences = true;
  registry.add("SequenceConstruct", {11}, {1, anyNumber}, legalizeConstruct);
  registry.add("SequenceEmpty", {11}, {0, 0}, legalizeEmpty);
  registry.add("SequenceAt", {11}, {2, 2}, legalizeAt, takesSequences);
  registry.add("SequenceInsert", {11}, {2, 3}, legalizeInsert, takesSequences);
  registry.add("SequenceErase", {11}, {1, 2}, legalizeErase, takesSequences);
  registry.add("SequenceLength", {11}, {1, 1}, legalizeLength, takesSequences);
  registry.add("SplitToSequence", {11}, {1, 2}, legalizeSplit);
  registry.add("ConcatFromSequence", {11}, {1, 1}, legalizeConcat, takesSequences);
  registry.add("Optional", {15}, {0, 1}, legalizeOptional, takesSequences);
  registry.add("OptionalHasElement", {15, 18}, {0, 1}, legalizeHasElement, takesSequences);
  registry.add("OptionalGetElement", {15, 18}, {1, 1}, legalizeGetElement, takesSequences);
  registry.add("Identity", {1, 13, 14, 16, 19, 21}, {1, 1}, legalizeIdentity, takesSequences);
}
