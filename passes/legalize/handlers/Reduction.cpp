// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions, ArgMax and ArgMin, softmax.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/RuntimeParameters.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::ReduceKind;
using nn::UnaryKind;

// The axes of a reduction, sorted: all of them if none are given, unless noop_with_empty_axes says otherwise.
template <bool areAxesInput> static FailureOr<Shape> readAxes(NodeBinder &node) {
  size_t rank = shapeOf(node.operand(0)).size();
  Shape axes;
  bool isNoop = false;
  if (areAxesInput) {
    isNoop = node.flag("noop_with_empty_axes", false);
    if (node.operand(1)) {
      FailureOr<Shape> given = node.constantIntegers(1, "axes");
      if (failed(given))
        return failure();
      axes = *given;
    }
  } else {
    axes = node.integers("axes");
  }
  if (axes.empty() && !isNoop)
    return sequence(0, rank);
  return node.axes(axes, rank);
}

// Sets the result to `compute(axes)`. Axes that are an input may be known at run time only.
template <bool areAxesInput>
static LogicalResult overAxes(NodeBinder &node, bool keepDims, llvm::function_ref<Value(ShapeRef axes)> compute) {
  if (areAxesInput && node.operand(1) && !isConstant(node.operand(1))) {
    node.ignore({"noop_with_empty_axes"});
    return forReducedAxes(node, keepDims, compute);
  }
  FailureOr<Shape> axes = readAxes<areAxesInput>(node);
  return failed(axes) ? failure() : node.setResult(compute(*axes));
}

template <ReduceKind kind, bool areAxesInput> static LogicalResult legalizeReduce(NodeBinder &node) {
  Value x = node.operand(0);
  bool keepDims = node.flag("keepdims", true);
  // Of booleans, the largest is "any" and the smallest is "all".
  bool isLogical = isBoolean(x) && (kind == ReduceKind::Max || kind == ReduceKind::Min);
  return overAxes<areAxesInput>(node, keepDims, [&](ShapeRef axes) {
    Value y = node.reduce(kind, isLogical ? node.cast(x, node.getBuilder().getI32Type()) : x, axes, keepDims);
    return node.cast(y, elementOf(x));
  });
}

template <bool areAxesInput> static LogicalResult legalizeLogSum(NodeBinder &node) {
  bool keepDims = node.flag("keepdims", true);
  return overAxes<areAxesInput>(node, keepDims, [&](ShapeRef axes) {
    return node.unary(UnaryKind::Log, node.reduce(ReduceKind::Sum, node.operand(0), axes, keepDims));
  });
}

// log(sum(exp(x - m))) + m with the maximum m, which is clamped so that infinities do not become NaN.
template <bool areAxesInput> static LogicalResult legalizeLogSumExp(NodeBinder &node) {
  Value x = node.operand(0);
  bool keepDims = node.flag("keepdims", true);
  if (failed(node.needFloat(x, "data")))
    return failure();
  return overAxes<areAxesInput>(node, keepDims, [&](ShapeRef axes) {
    float largest = std::numeric_limits<float>::max();
    Value m = node.unary(UnaryKind::Clamp, node.reduce(ReduceKind::Max, x, axes, true), -largest, largest);
    Value sum = node.reduce(ReduceKind::Sum, node.unary(UnaryKind::Exp, node.sub(x, m)), axes, true);
    Value y = node.add(node.unary(UnaryKind::Log, sum), m);
    Shape shape;
    for (auto [i, dim] : llvm::enumerate(shapeOf(x)))
      if (!llvm::is_contained(axes, int64_t(i)))
        shape.push_back(dim);
    return keepDims ? y : node.reshape(y, shape);
  });
}

template <nn::ArgKind kind> static LogicalResult legalizeArg(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(x).size());
  bool keepDims = node.flag("keepdims", true), selectLast = node.getOpset() >= 12 && node.flag("select_last_index", false);
  if (failed(axis))
    return failure();
  // 16-bit integers are exact in f32.
  if (isInteger(x) && elementBytes(elementOf(x)) <= 2)
    x = node.cast(x, node.getBuilder().getF32Type());
  if (failed(node.needFloat(x, "data")))
    return failure();
  if (shapeOf(x)[*axis] == 0)
    return node.fail("looks for an element in an empty dimension");
  return node.setResult(node.emit<nn::ArgOp>(kind, x, *axis, keepDims, selectLast));
}

// Before operator set 13, dimensions from the axis on were taken as one.
static FailureOr<std::pair<Value, int64_t>> softmaxInput(NodeBinder &node) {
  Value x = node.operand(0);
  ShapeRef shape = shapeOf(x);
  bool isOld = node.getOpset() < 13;
  FailureOr<int64_t> axis = node.axis(node.integer("axis", isOld ? 1 : -1), shape.size());
  if (failed(axis) || failed(node.needFloat(x, "input")))
    return failure();
  if (!isOld || *axis + 1 == int64_t(shape.size()))
    return std::make_pair(x, *axis);
  int64_t rows = *elementCount(shape.take_front(*axis)), cols = *elementCount(shape.drop_front(*axis));
  return std::make_pair(node.reshape(x, {rows, cols}), int64_t(1));
}

template <bool isLog> static LogicalResult legalizeSoftmax(NodeBinder &node) {
  FailureOr<std::pair<Value, int64_t>> input = softmaxInput(node);
  if (failed(input))
    return failure();
  Value y = node.emit<nn::SoftmaxOp>(input->first, input->second, isLog);
  return node.setResult(node.reshape(y, shapeOf(node.operand(0))));
}

// 1 at the first maximum, else 0: the index along the axis is compared with its positions.
static LogicalResult legalizeHardmax(NodeBinder &node) {
  FailureOr<std::pair<Value, int64_t>> input = softmaxInput(node);
  if (failed(input) || !input->first)
    return failure();
  auto [x, axis] = *input;
  int64_t depth = shapeOf(x)[axis];
  if (failed(node.checkTable(depth)))
    return failure();
  if (depth == 0)
    return node.setResult(node.operand(0));
  Shape positions(shapeOf(x).size(), 1);
  positions[axis] = depth;
  Value index = node.emit<nn::ArgOp>(nn::ArgKind::Max, x, axis, /*keepDims=*/true, /*selectLast=*/false);
  Value place = node.reshape(node.integerVector(sequence(0, depth)), positions);
  Value y = node.cast(node.compare(nn::CompareKind::Equal, index, place), node.getBuilder().getF32Type());
  return node.setResult(node.reshape(y, shapeOf(node.operand(0))));
}

void legalize::registerReductions(Registry &registry) {
  auto addReduce = [&](StringRef name, Handler withAttribute, Handler withInput) {
    registry.add(name, {1, 11, 13}, {1, 1}, withAttribute);
    registry.add(name, {18}, {1, 2}, withInput);
  };
  registry.add("ReduceSum", {1, 11}, {1, 1}, legalizeReduce<ReduceKind::Sum, false>);
  registry.add("ReduceSum", {13}, {1, 2}, legalizeReduce<ReduceKind::Sum, true>);
  addReduce("ReduceMean", legalizeReduce<ReduceKind::Mean, false>, legalizeReduce<ReduceKind::Mean, true>);
  addReduce("ReduceMax", legalizeReduce<ReduceKind::Max, false>, legalizeReduce<ReduceKind::Max, true>);
  addReduce("ReduceMin", legalizeReduce<ReduceKind::Min, false>, legalizeReduce<ReduceKind::Min, true>);
  registry.add("ReduceMax", {12}, {1, 1}, legalizeReduce<ReduceKind::Max, false>); // 8-bit integers
  registry.add("ReduceMin", {12}, {1, 1}, legalizeReduce<ReduceKind::Min, false>);
  registry.add("ReduceMax", {20}, {1, 2}, legalizeReduce<ReduceKind::Max, true>); // booleans
  registry.add("ReduceMin", {20}, {1, 2}, legalizeReduce<ReduceKind::Min, true>);
  addReduce("ReduceProd", legalizeReduce<ReduceKind::Prod, false>, legalizeReduce<ReduceKind::Prod, true>);
  addReduce("ReduceL1", legalizeReduce<ReduceKind::L1, false>, legalizeReduce<ReduceKind::L1, true>);
  addReduce("ReduceL2", legalizeReduce<ReduceKind::L2, false>, legalizeReduce<ReduceKind::L2, true>);
  addReduce("ReduceSumSquare", legalizeReduce<ReduceKind::SumSquare, false>, legalizeReduce<ReduceKind::SumSquare, true>);
  addReduce("ReduceLogSum", legalizeLogSum<false>, legalizeLogSum<true>);
  addReduce("ReduceLogSumExp", legalizeLogSumExp<false>, legalizeLogSumExp<true>);
  registry.add("ArgMax", {1, 11, 12, 13}, {1, 1}, legalizeArg<nn::ArgKind::Max>);
  registry.add("ArgMin", {1, 11, 12, 13}, {1, 1}, legalizeArg<nn::ArgKind::Min>);
  registry.add("Softmax", {1, 11, 13}, {1, 1}, legalizeSoftmax<false>);
  registry.add("LogSoftmax", {1, 11, 13}, {1, 1}, legalizeSoftmax<true>);
  registry.add("Hardmax", {1, 11, 13}, {1, 1}, legalizeHardmax);
}
