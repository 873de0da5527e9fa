// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that find, choose or order elements. Results whose size depends on data have the largest possible one and carry the
// actual one (BoundedSizes.h).
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Work.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static Type i64(NodeBinder &node) { return node.getBuilder().getI64Type(); }

static RankedTensorType indexType(NodeBinder &node, ShapeRef shape) { return RankedTensorType::get(shape, i64(node)); }

// x as elements that kernels order: f32, i32 or i64. Null after an error.
static Value orderable(NodeBinder &node, Value x) {
  Type element = elementOf(x);
  if (element.isF32() || element.isSignlessInteger(32) || element.isSignlessInteger(64))
    return x;
  if (isBoolean(x) || (isInteger(x) && elementBytes(element) <= 2))
    return node.cast(x, node.getBuilder().getI32Type());
  if (isInteger(x) && elementBytes(element) == 4)
    return node.cast(x, i64(node));
  if (element.isUnsignedInteger(64))
    return node.toOrdered(x);
  (void)node.fail("cannot order elements of type " + typeText(element));
  return {};
}

// The k best along the axis, and their positions. Of a k that is not known, all, of which the first k count.
static LogicalResult topK(NodeBinder &node, Value k, int64_t known) {
  Value x = node.operand(0);
  Type element = elementOf(x);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", -1), shapeOf(x).size());
  bool isSmallest = node.getOpset() >= 11 && !node.flag("largest", true);
  (void)node.flag("sorted", true); // sorted is one of the orders that unsorted may have
  if (failed(axis))
    return failure();
  int64_t depth = shapeOf(x)[*axis];
  if (!k && (known < 0 || known > depth))
    return node.fail("takes " + Twine(known) + " elements of " + Twine(depth));
  Shape shape(shapeOf(x));
  shape[*axis] = k ? depth : known;
  x = orderable(node, x);
  if (node.hasFailed() || failed(checkWork(node, x, double(*elementCount(shapeOf(x))) * double(shape[*axis]))))
    return failure();
  Type types[] = {RankedTensorType::get(shape, elementOf(x)), indexType(node, shape)};
  SmallVector<Value> results = node.emitAll<nn::TopKOp>(types, x, *axis, isSmallest);
  if (node.hasFailed())
    return failure();
  Value values = element.isUnsignedInteger(64) ? node.fromOrdered(results[0]) : node.cast(results[0], element);
  if (!k)
    return failed(node.setResult(0, values)) ? failure() : node.setResult(1, results[1]);
  Value count = node.binary(nn::BinaryKind::Max, node.reshape(node.cast(k, i64(node)), {1}), node.scalar(i64(node), 0));
  count = node.binary(nn::BinaryKind::Min, count, node.scalar(i64(node), double(depth)));
  return failed(node.setBounded(0, values, *axis, count)) ? failure() : node.setBounded(1, results[1], *axis, count);
}

static LogicalResult legalizeTopK1(NodeBinder &node) { return topK(node, Value(), node.integer("k", -1)); }

static LogicalResult legalizeTopK10(NodeBinder &node) {
  Value k = node.operand(1);
  if (!isInteger(k) || elementCount(shapeOf(k)) != 1)
    return node.fail("input 'k' must be one integer");
  if (!isConstant(k)) {
    // A fixed shape in the file says what k will be.
    std::optional<Shape> declared = node.declaredShape();
    FailureOr<int64_t> axis = node.axis(node.integer("axis", -1), shapeOf(node.operand(0)).size());
    if (failed(axis))
      return failure();
    return declared && declared->size() == shapeOf(node.operand(0)).size() ? topK(node, Value(), (*declared)[*axis])
                                                                           : topK(node, k, 0);
  }
  FailureOr<int64_t> known = node.constantInteger(1, "k");
  return failed(known) ? failure() : topK(node, Value(), *known);
}

// [rank, elements] coordinates and [1] size.
static SmallVector<Value> nonZero(NodeBinder &node, Value condition) {
  if (!condition)
    return {};
  int64_t rank = int64_t(shapeOf(condition).size()), count = *elementCount(shapeOf(condition));
  Type types[] = {indexType(node, {rank, count}), indexType(node, {1})};
  return node.emitAll<nn::NonZeroOp>(types, condition);
}

static LogicalResult legalizeNonZero(NodeBinder &node) {
  Value x = node.operand(0);
  if (shapeOf(x).empty())
    return node.fail("needs an input of one dimension or more");
  if (elementCount(shapeOf(x)) == 0)
    return node.setResult(node.filled({int64_t(shapeOf(x).size()), 0}, i64(node), 0));
  SmallVector<Value> results = nonZero(node, node.cast(x, node.getBuilder().getI1Type()));
  return results.empty() ? failure() : node.setBounded(0, results[0], 1, results[1]);
}

// The slices whose condition is true.
static LogicalResult legalizeCompress(NodeBinder &node) {
  Value x = node.operand(0), condition = node.operand(1);
  int64_t axis = 0;
  if (node.has("axis")) {
    FailureOr<int64_t> given = node.axis(node.integer("axis", 0), shapeOf(x).size());
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    x = node.reshape(x, {*elementCount(shapeOf(x))});
  }
  if (!isBoolean(condition) || shapeOf(condition).size() != 1)
    return node.fail("input 'condition' must be a vector of booleans");
  // What has no condition is left out; conditions without an element cannot hold.
  int64_t count = std::min(shapeOf(condition)[0], node.hasFailed() ? 0 : shapeOf(x)[axis]);
  Shape shape(shapeOf(x));
  if (count == 0 && !node.hasFailed()) {
    shape[axis] = 0;
    return node.setResult(node.filled(shape, elementOf(x), 0));
  }
  SmallVector<Value> places = nonZero(node, node.slice(condition, 0, 0, count));
  if (places.empty())
    return failure();
  Value y = node.emit<nn::GatherOp>(x, node.reshape(places[0], {count}), axis);
  return node.setBounded(0, y, axis, places[1]);
}

static LogicalResult legalizeUnique(NodeBinder &node) {
  Value x = node.operand(0);
  bool isSorted = node.flag("sorted", true);
  int64_t axis = 0;
  if (node.has("axis")) {
    FailureOr<int64_t> given = node.axis(node.integer("axis", 0), shapeOf(x).size());
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    x = node.reshape(x, {*elementCount(shapeOf(x))});
  }
  Value keys = orderable(node, x);
  if (node.hasFailed() || failed(checkWork(node, keys, double(*elementCount(shapeOf(x))) * double(shapeOf(x)[axis]))))
    return failure();
  int64_t depth = shapeOf(x)[axis];
  Type list = indexType(node, {depth});
  if (depth == 0) {
    for (size_t i = 0; i < 4; ++i)
      if (failed(node.setResult(i, i == 0 ? x : node.integerVector({}))))
        return failure();
    return success();
  }
  Type types[] = {list, list, list, indexType(node, {1})};
  SmallVector<Value> results = node.emitAll<nn::UniqueOp>(types, keys, axis, isSorted);
  if (node.hasFailed())
    return failure();
  Value y = node.emit<nn::GatherOp>(x, results[0], axis), size = results[3];
  if (failed(node.setBounded(0, y, axis, size)) || failed(node.setBounded(1, results[0], 0, size)))
    return failure();
  return failed(node.setResult(2, results[1])) ? failure() : node.setBounded(3, results[2], 0, size);
}

// An optional input of one number.
static Value oneNumber(NodeBinder &node, size_t index, StringRef name, Value fallback) {
  Value value = node.operand(index);
  if (!value)
    return node.reshape(fallback, {1});
  if (elementCount(shapeOf(value)) != 1)
    (void)node.fail("input '" + name + "' must be one number");
  return node.reshape(node.cast(value, elementOf(fallback)), {1});
}

static LogicalResult legalizeNonMaxSuppression(NodeBinder &node) {
  Value boxes = node.operand(0), scores = node.operand(1);
  int64_t format = node.integer("center_point_box", 0);
  ShapeRef box = shapeOf(boxes), score = shapeOf(scores);
  if (box.size() != 3 || score.size() != 3 || box[2] != 4 || box[0] != score[0] || box[1] != score[2])
    return node.fail("needs boxes [batches, n, 4] and scores [batches, classes, n], got " + shapeText(box) + " and " +
                     shapeText(score));
  if (format != 0 && format != 1)
    return node.fail("attribute 'center_point_box' must be 0 or 1, got " + Twine(format));
  if (failed(node.needFloat(boxes, "boxes")) || failed(node.needFloat(scores, "scores")))
    return failure();
  Value limit = oneNumber(node, 2, "max_output_boxes_per_class", node.scalar(i64(node), 0));
  Value iou = oneNumber(node, 3, "iou_threshold", node.scalar(0));
  Value threshold = oneNumber(node, 4, "score_threshold", node.scalar(-std::numeric_limits<float>::max()));
  if (node.hasFailed())
    return failure();
  int64_t perClass = box[1];
  if (FailureOr<ConstantData> known = ConstantData::get(limit); isConstant(limit) && succeeded(known))
    perClass = std::min(perClass, std::max<int64_t>(known->integers()[0], 0));
  int64_t capacity = perClass * score[0] * score[1];
  if (capacity == 0)
    return node.setResult(node.filled({0, 3}, i64(node), 0));
  if (failed(checkWork(node, boxes, double(*elementCount(score)) * double(box[1]))))
    return failure();
  Type types[] = {indexType(node, {capacity, 3}), indexType(node, {1})};
  SmallVector<Value> results =
      node.emitAll<nn::NonMaxSuppressionOp>(types, boxes, scores, limit, iou, threshold, /*center_point=*/format == 1);
  return node.hasFailed() ? failure() : node.setBounded(0, results[0], 0, results[1]);
}

static LogicalResult legalizeReverseSequence(NodeBinder &node) {
  int64_t time = node.integer("time_axis", 0), batch = node.integer("batch_axis", 1);
  if (time + batch != 1 || time * batch != 0)
    return node.fail("batch and time must be the first two dimensions, got " + Twine(batch) + " and " + Twine(time));
  Value lengths = node.operand(1);
  if (!isInteger(lengths))
    return node.fail("needs lengths that are integers");
  return node.setResult(node.emit<nn::ReverseSequenceOp>(node.operand(0), node.cast(lengths, i64(node)), time));
}

void legalize::registerSelections(Registry &registry) {
  registry.add("TopK", {1}, {1, 1}, legalizeTopK1);
  registry.add("TopK", {10, 11, 24}, {2, 2}, legalizeTopK10);
  registry.add("NonZero", {9, 13}, {1, 1}, legalizeNonZero);
  registry.add("Compress", {9, 11}, {2, 2}, legalizeCompress);
  registry.add("Unique", {11}, {1, 1}, legalizeUnique);
  registry.add("NonMaxSuppression", {10, 11}, {2, 5}, legalizeNonMaxSuppression);
  registry.add("ReverseSequence", {10}, {2, 2}, legalizeReverseSequence);
}
