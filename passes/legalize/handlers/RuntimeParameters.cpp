// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Positions that are computed at run time, as arithmetic on small i64 tensors and gathers along one dimension each.
#include "passes/legalize/handlers/RuntimeParameters.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::CompareKind;

static Type i64(NodeBinder &node) { return node.getBuilder().getI64Type(); }
static Value number(NodeBinder &node, int64_t value) { return node.constant<int64_t>({}, i64(node), value); }

Value legalize::asIndex(NodeBinder &node, Value value) {
  if (!value || !isInteger(value)) {
    (void)node.fail("needs integers for positions, got " + typeText(elementOf(value)));
    return {};
  }
  return node.cast(value, i64(node));
}

Value legalize::fromFront(NodeBinder &node, Value index, int64_t size) {
  Value isNegative = node.compare(CompareKind::Less, index, number(node, 0));
  return node.select(isNegative, node.add(index, number(node, size)), index);
}

static Value clamp(NodeBinder &node, Value index, int64_t low, int64_t high) {
  return node.binary(BinaryKind::Min, node.binary(BinaryKind::Max, index, number(node, low)), number(node, high));
}

// Integers of a vector operand: which dimension each belongs to may be known at run time only.
static Value vectorOperand(NodeBinder &node, size_t index, StringRef name, int64_t count) {
  Value value = asIndex(node, node.operand(index));
  if (value && shapeOf(value) != ShapeRef{count}) {
    (void)node.fail("input '" + name + "' must have " + Twine(count) + " elements, got shape " + shapeText(shapeOf(value)));
    return {};
  }
  return value;
}

// The element of `values` that belongs to dimension `dim` as `axes` has it, or `fallback`, as a scalar. Null without an error
// if it is known that no element belongs to it.
static Value atAxis(NodeBinder &node, Value axes, Value values, int64_t dim, int64_t rank, int64_t fallback) {
  if (node.hasFailed())
    return {};
  if (FailureOr<ConstantData> known = ConstantData::get(axes); succeeded(known)) {
    for (auto [i, axis] : llvm::enumerate(known->integers()))
      if (axis == dim || axis == dim - rank)
        return node.reshape(node.slice(values, 0, int64_t(i), 1), {});
    return {};
  }
  Value isHere = node.compare(CompareKind::Equal, fromFront(node, axes, rank), number(node, dim));
  Value offset = node.select(isHere, node.sub(values, number(node, fallback)), number(node, 0));
  return node.add(node.reduce(nn::ReduceKind::Sum, offset, {0}, false), number(node, fallback));
}

static Value positions(NodeBinder &node, int64_t count) {
  return failed(node.checkTable(count)) ? Value() : node.integerVector(sequence(0, count));
}

// Axes that are an operand, or all of them.
static Value axesOperand(NodeBinder &node, size_t index, int64_t count) {
  return node.operand(index) ? vectorOperand(node, index, "axes", count) : node.integerVector(sequence(0, count));
}

LogicalResult legalize::sliceAtRunTime(NodeBinder &node) {
  Value y = node.operand(0);
  int64_t rank = int64_t(shapeOf(y).size());
  FailureOr<Shape> shape = node.shapeInsteadOf("starts");
  if (failed(shape))
    return failure();
  if (int64_t(shape->size()) != rank || shapeOf(node.operand(1)).size() != 1)
    return node.fail("needs a list of starts, and a result of " + Twine(rank) + " dimensions");
  int64_t count = shapeOf(node.operand(1))[0];
  Value starts = vectorOperand(node, 1, "starts", count), axes = axesOperand(node, 3, count);
  Value steps = node.operand(4) ? vectorOperand(node, 4, "steps", count) : node.broadcast(number(node, 1), {count});
  if (elementCount(*shape) == 0)
    return node.setResult(node.filled(*shape, elementOf(y), 0));
  for (int64_t dim = 0; dim < rank && !node.hasFailed(); ++dim) {
    int64_t size = shapeOf(y)[dim], wanted = (*shape)[dim];
    Value start = atAxis(node, axes, starts, dim, rank, 0), step = atAxis(node, axes, steps, dim, rank, 1);
    if (!start && size == wanted)
      continue;
    if (!start || size == 0)
      return node.fail("the file declares " + Twine(wanted) + " positions of dimension " + Twine(dim) + ", whose size is " +
                       Twine(size));
    start = clamp(node, fromFront(node, start, size), 0, size - 1);
    Value indices = node.add(start, node.mul(positions(node, wanted), step));
    y = node.emit<nn::GatherOp>(y, clamp(node, indices, 0, size - 1), dim);
  }
  return node.setResult(y);
}

// Positions in a dimension of `size` for positions that may lie outside it.
static Value borderPositions(NodeBinder &node, nn::PadMode mode, Value index, int64_t size) {
  switch (mode) {
  case nn::PadMode::Wrap:
    return node.binary(BinaryKind::Mod, index, number(node, size));
  case nn::PadMode::Reflect: {
    int64_t period = std::max<int64_t>(2 * (size - 1), 1);
    Value folded = node.binary(BinaryKind::Mod, index, number(node, period));
    return node.binary(BinaryKind::Min, folded, node.sub(number(node, period), folded));
  }
  default:
    return clamp(node, index, 0, size - 1);
  }
}

LogicalResult legalize::padAtRunTime(NodeBinder &node, nn::PadMode mode) {
  Value y = node.operand(0), border = node.operand(2);
  int64_t rank = int64_t(shapeOf(y).size());
  int64_t count = node.operand(3) ? elementCount(shapeOf(node.operand(3))).value_or(0) : rank;
  FailureOr<Shape> shape = node.shapeInsteadOf("pads");
  if (failed(shape))
    return failure();
  if (int64_t(shape->size()) != rank)
    return node.fail("the file declares a result of " + Twine(shape->size()) + " dimensions for an input of " + Twine(rank));
  if (border && (elementCount(shapeOf(border)) != 1 || elementOf(border) != elementOf(y)))
    return node.fail("input 'constant_value' must be one number of the type of the data");
  Value pads = vectorOperand(node, 1, "pads", 2 * count), axes = axesOperand(node, 3, count);
  Value before = node.slice(pads, 0, 0, count), isInside;
  if (elementCount(*shape) == 0)
    return node.setResult(node.filled(*shape, elementOf(y), 0));
  for (int64_t dim = 0; dim < rank && !node.hasFailed(); ++dim) {
    int64_t size = shapeOf(y)[dim], wanted = (*shape)[dim];
    Value pad = atAxis(node, axes, before, dim, rank, 0);
    if (!pad && size == wanted)
      continue;
    if (!pad || size == 0)
      return node.fail("the file declares " + Twine(wanted) + " positions of dimension " + Twine(dim) + ", whose size is " +
                       Twine(size));
    Value index = node.sub(positions(node, wanted), pad);
    if (mode == nn::PadMode::Constant) {
      Shape along(size_t(rank), 1);
      along[dim] = wanted;
      Value isHere = node.binary(BinaryKind::And, node.compare(CompareKind::LessEqual, number(node, 0), index),
                                 node.compare(CompareKind::Less, index, number(node, size)));
      isHere = node.reshape(isHere, along);
      isInside = isInside ? node.binary(BinaryKind::And, isInside, isHere) : isHere;
    }
    y = node.emit<nn::GatherOp>(y, borderPositions(node, mode, index, size), dim);
  }
  if (isInside)
    y = node.select(isInside, y, border ? node.reshape(border, {}) : node.scalar(elementOf(y), 0));
  return node.setResult(y);
}

// Operators that keep the shape of their input, or broadcast it.
static bool keepsShape(StringRef op) {
  static constexpr StringLiteral names[] = {"Abs",   "Add",      "Cast", "CastLike", "Ceil", "Cos",  "Div",  "Exp",
                                            "Floor", "Identity", "Log",  "Mod",      "Mul",  "Neg",  "Pow",  "Reciprocal",
                                            "Round", "Sigmoid",  "Sin",  "Sqrt",     "Sub",  "Tanh", "Where"};
  return llvm::is_contained(names, op);
}

// The declared length of a vector, or of the first vector that is computed from it element by element.
static std::optional<int64_t> declaredLength(NodeBinder &node) {
  if (std::optional<Shape> shape = node.declaredShape())
    return shape->size() == 1 ? std::optional(shape->front()) : std::nullopt;
  constexpr size_t longest = 64;
  SmallVector<onnx::NodeOp> work = {node.getNode()};
  for (size_t i = 0; i < work.size() && i < longest; ++i)
    for (Operation *user : work[i]->getUsers()) {
      auto next = dyn_cast<onnx::NodeOp>(user);
      if (!next || !keepsShape(next.getOpType()) || llvm::is_contained(work, next))
        continue;
      NodeBinder::ValueMap none;
      NodeBinder reader(next, node.getBuilder(), none, {});
      if (std::optional<Shape> shape = reader.declaredShape(); shape && shape->size() == 1)
        return shape->front();
      work.push_back(next);
    }
  return std::nullopt;
}

LogicalResult legalize::rangeAtRunTime(NodeBinder &node) {
  Type element = elementOf(node.operand(0));
  std::optional<int64_t> length = declaredLength(node);
  if (!length)
    return failure(failed(node.shapeInsteadOf("limit")));
  for (size_t i = 0; i < 3; ++i)
    if (elementOf(node.operand(i)) != element || elementCount(shapeOf(node.operand(i))) != 1 || isBoolean(node.operand(i)))
      return node.fail("needs three numbers of the same type");
  Value places = node.cast(positions(node, *length), element);
  return node.setResult(node.add(node.reshape(node.operand(0), {}), node.mul(places, node.reshape(node.operand(2), {}))));
}

LogicalResult legalize::forAxis(NodeBinder &node, size_t index, StringRef name, size_t rank,
                                llvm::function_ref<Value(int64_t axis)> compute) {
  Value operand = node.operand(index);
  if (isConstant(operand)) {
    FailureOr<int64_t> given = node.constantInteger(index, name);
    FailureOr<int64_t> axis = failed(given) ? given : node.axis(*given, rank);
    return failed(axis) ? failure() : node.setResult(compute(*axis));
  }
  if (rank == 0 || elementCount(shapeOf(operand)) != 1)
    return node.fail("input '" + name + "' must be one axis of the data");
  Value axis = fromFront(node, node.reshape(asIndex(node, operand), {}), int64_t(rank));
  Value chosen;
  for (size_t i = 0; i < rank && !node.hasFailed(); ++i) {
    Value one = compute(int64_t(i));
    if (node.hasFailed() || (chosen && shapeOf(one) != shapeOf(chosen)))
      return node.fail("input '" + name +
                       "' decides the shape of the result; make the input that decides a constant with --bind");
    chosen = chosen ? node.select(node.compare(CompareKind::Equal, axis, number(node, int64_t(i))), one, chosen) : one;
  }
  return node.setResult(chosen);
}

// Whether reducing `axes` of `from` gives `to`.
static bool reducesTo(ShapeRef from, ShapeRef axes, bool keepDims, ShapeRef to) {
  Shape shape;
  for (auto [i, dim] : llvm::enumerate(from)) {
    bool isReduced = llvm::is_contained(axes, int64_t(i));
    if (!isReduced || keepDims)
      shape.push_back(isReduced ? 1 : dim);
  }
  return ShapeRef(shape) == to;
}

LogicalResult legalize::forReducedAxes(NodeBinder &node, bool keepDims,
                                       llvm::function_ref<Value(ArrayRef<int64_t> axes)> compute) {
  ShapeRef from = shapeOf(node.operand(0));
  FailureOr<Shape> to = node.shapeInsteadOf("axes");
  if (failed(to))
    return failure();
  int64_t rank = int64_t(from.size()), count = elementCount(shapeOf(node.operand(1))).value_or(0);
  constexpr int64_t highest = 8; // all subsets of the dimensions are tried
  if (rank > highest || count < 1 || count > rank)
    return node.fail("input 'axes' must name 1 to " + Twine(rank) + " dimensions");
  Value given = fromFront(node, node.reshape(asIndex(node, node.operand(1)), {count}), rank), chosen;
  for (unsigned subset = 0; subset < 1u << rank && !node.hasFailed(); ++subset) {
    Shape axes;
    for (int64_t dim = 0; dim < rank; ++dim)
      if (subset >> dim & 1)
        axes.push_back(dim);
    if (int64_t(axes.size()) != count || !reducesTo(from, axes, keepDims, *to))
      continue;
    Value one = compute(axes);
    if (!chosen) {
      chosen = one;
      continue;
    }
    // Axes do not repeat: the given ones are these if each of them is among these.
    Value matches;
    for (int64_t axis : axes) {
      Value isThis = node.compare(CompareKind::Equal, given, number(node, axis));
      matches = matches ? node.binary(BinaryKind::Or, matches, isThis) : isThis;
    }
    Value all = node.reduce(nn::ReduceKind::Min, node.cast(matches, node.getBuilder().getI32Type()), {0}, false);
    chosen = node.select(node.cast(all, node.getBuilder().getI1Type()), one, chosen);
  }
  if (!chosen && !node.hasFailed())
    return node.fail("no " + Twine(count) + " axes of " + shapeText(from) + " give the shape " + shapeText(*to) +
                     " that the file declares");
  return node.setResult(chosen);
}
