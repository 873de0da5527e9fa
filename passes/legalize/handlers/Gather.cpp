// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that read or write positions given by indices.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// Index from the front, for one that may count from the end.
static FailureOr<int64_t> position(NodeBinder &node, int64_t index, int64_t size) {
  if (index < -size || index >= size)
    return node.fail("index " + Twine(index) + " is outside a dimension of size " + Twine(size));
  return index < 0 ? index + size : index;
}

static LogicalResult legalizeGather(NodeBinder &node) {
  Value x = node.operand(0), indices = node.operand(1);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(x).size());
  if (failed(axis))
    return failure();
  int64_t size = shapeOf(x)[*axis];
  Shape shape(shapeOf(x).take_front(*axis));
  shape.append(shapeOf(indices).begin(), shapeOf(indices).end());
  shape.append(shapeOf(x).begin() + *axis + 1, shapeOf(x).end());
  if (size == 0 && elementCount(shape) != 0)
    return node.fail("gathers from an empty dimension");
  if (isConstant(indices) && isInteger(indices)) {
    Shape positions;
    FailureOr<Shape> given = node.constantIntegers(1, "indices");
    if (failed(given))
      return failure();
    for (int64_t index : *given) {
      FailureOr<int64_t> found = position(node, index, size);
      if (failed(found))
        return failure();
      positions.push_back(*found);
    }
    // Consecutive positions are a slice.
    bool isRun = !positions.empty();
    for (size_t i = 1; i < positions.size(); ++i)
      isRun &= positions[i] == positions[0] + int64_t(i);
    if (isRun)
      return node.setResult(node.reshape(node.slice(x, *axis, positions[0], int64_t(positions.size())), shape));
  }
  return node.setResult(node.emit<nn::GatherOp>(x, indices, *axis));
}

static Value flat(NodeBinder &node, Value x) { return node.reshape(x, {*elementCount(shapeOf(x))}); }

static Shape denseStrides(ShapeRef shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// Offset in `shape` of each element of constant indices that replace its coordinate along `axis`.
static FailureOr<Shape> elementOffsets(NodeBinder &node, ShapeRef shape, int64_t axis) {
  Value indices = node.operand(1);
  FailureOr<Shape> given = node.constantIntegers(1, "indices");
  if (failed(given))
    return failure();
  Shape strides = denseStrides(shape), inner = denseStrides(shapeOf(indices)), offsets;
  if (shapeOf(indices).size() != shape.size())
    return node.fail("indices must have as many dimensions as the data");
  for (auto [i, index] : llvm::enumerate(*given)) {
    FailureOr<int64_t> place = position(node, index, shape[axis]);
    if (failed(place))
      return failure();
    int64_t offset = *place * strides[axis];
    for (size_t d = 0; d < shape.size(); ++d) {
      int64_t coordinate = int64_t(i) / inner[d] % shapeOf(indices)[d];
      if (int64_t(d) != axis && coordinate >= shape[d])
        return node.fail("indices of shape " + shapeText(shapeOf(indices)) + " do not fit data of shape " + shapeText(shape));
      offset += int64_t(d) == axis ? 0 : coordinate * strides[d];
    }
    offsets.push_back(offset);
  }
  return offsets;
}

// Offset in `shape` of each slice that constant tuples of indices name; tuples are the last dimension of the indices, and the
// first `batchDims` coordinates come from their own place.
static FailureOr<Shape> tupleOffsets(NodeBinder &node, ShapeRef shape, int64_t batchDims) {
  ShapeRef tuples = shapeOf(node.operand(1));
  FailureOr<Shape> given = node.constantIntegers(1, "indices");
  if (failed(given))
    return failure();
  int64_t rank = int64_t(shape.size());
  if (tuples.empty() || batchDims < 0 || batchDims >= int64_t(tuples.size()) || batchDims + tuples.back() > rank ||
      tuples.take_front(batchDims) != shape.take_front(std::min(batchDims, rank)))
    return node.fail("indices of shape " + shapeText(tuples) + " do not fit data of shape " + shapeText(shape));
  Shape strides = denseStrides(shape), offsets;
  int64_t width = tuples.back(), count = *elementCount(tuples.drop_back());
  int64_t perBatch = *elementCount(tuples.drop_back().drop_front(batchDims)), batches = perBatch ? count / perBatch : 0;
  for (int64_t i = 0; i < count; ++i) {
    int64_t offset = 0, batch = i / perBatch, left = batches;
    for (int64_t d = 0; d < batchDims; ++d) {
      left /= shape[d];
      offset += batch / left % shape[d] * strides[d];
    }
    for (int64_t k = 0; k < width; ++k) {
      FailureOr<int64_t> place = position(node, (*given)[i * width + k], shape[batchDims + k]);
      if (failed(place))
        return failure();
      offset += *place * strides[batchDims + k];
    }
    offsets.push_back(offset);
  }
  return offsets;
}

// Indices that are known at run time only, as kernels read them. Null after an error.
static Value wideIndices(NodeBinder &node) {
  Value indices = node.operand(1);
  if (isInteger(indices))
    return node.cast(indices, node.getBuilder().getI64Type());
  (void)node.fail("indices must be integers, got " + typeText(elementOf(indices)));
  return {};
}

static LogicalResult legalizeGatherElements(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(x).size());
  if (succeeded(axis) && !isConstant(node.operand(1)))
    return node.setResult(node.emit<nn::GatherElementsOp>(x, wideIndices(node), *axis));
  FailureOr<Shape> offsets = failed(axis) ? FailureOr<Shape>(failure()) : elementOffsets(node, shapeOf(x), *axis);
  if (failed(offsets))
    return failure();
  Value y = node.emit<nn::GatherOp>(flat(node, x), node.integerVector(*offsets), 0);
  return node.setResult(node.reshape(y, shapeOf(node.operand(1))));
}

static LogicalResult legalizeGatherND(NodeBinder &node) {
  Value x = node.operand(0);
  int64_t batchDims = node.getOpset() >= 12 ? node.integer("batch_dims", 0) : 0;
  if (!isConstant(node.operand(1)))
    return node.setResult(node.emit<nn::GatherNDOp>(x, wideIndices(node), batchDims));
  FailureOr<Shape> offsets = tupleOffsets(node, shapeOf(x), batchDims);
  if (failed(offsets))
    return failure();
  ShapeRef tuples = shapeOf(node.operand(1)), slice = shapeOf(x).drop_front(batchDims + tuples.back());
  int64_t sliceSize = *elementCount(slice), count = *elementCount(shapeOf(x));
  Shape shape(tuples.drop_back());
  shape.append(slice.begin(), slice.end());
  if (elementCount(shape) == 0)
    return node.setResult(node.filled(shape, elementOf(x), 0));
  for (int64_t &offset : *offsets)
    offset /= sliceSize;
  Value y = node.emit<nn::GatherOp>(node.reshape(x, {count / sliceSize, sliceSize}), node.integerVector(*offsets), 0);
  return node.setResult(node.reshape(y, shape));
}

// How updates join what is there, from the attribute that operator sets from 16 on have.
static FailureOr<nn::ScatterKind> scatterKind(NodeBinder &node) {
  StringRef reduction = node.getOpset() >= 16 ? node.text("reduction", "none") : "none";
  std::optional<nn::ScatterKind> kind = reduction == "none" ? nn::ScatterKind::Replace : nn::symbolizeScatterKind(reduction);
  if (!kind || reduction == "replace")
    return node.fail("attribute 'reduction' must be 'none', 'add', 'mul', 'min' or 'max', got '" + reduction + "'");
  return *kind;
}

// Kernels join f32, i32 and i64; other integers are widened and narrowed again.
static LogicalResult scatterAtRunTime(NodeBinder &node, nn::ScatterKind kind,
                                      llvm::function_ref<Value(Value data, Value indices, Value updates)> emit) {
  Value x = node.operand(0), updates = node.operand(2);
  Type element = elementOf(x);
  if (element != elementOf(updates))
    return node.fail("data and updates have different element types " + typeText(element) + " and " +
                     typeText(elementOf(updates)));
  bool isDirect = kind == nn::ScatterKind::Replace || element.isF32() || element.isSignlessInteger(32);
  if (!isDirect && !isInteger(x))
    return node.fail("cannot join elements of type " + typeText(element));
  if (element.isUnsignedInteger(64) && (kind == nn::ScatterKind::Min || kind == nn::ScatterKind::Max))
    return node.setResult(node.fromOrdered(emit(node.toOrdered(x), wideIndices(node), node.toOrdered(updates))));
  Type wide = isDirect ? element : node.getBuilder().getI64Type();
  return node.setResult(node.cast(emit(node.cast(x, wide), wideIndices(node), node.cast(updates, wide)), element));
}

// Writing to constant positions is reading from the data followed by the updates.
static LogicalResult scatter(NodeBinder &node, ShapeRef offsets, int64_t sliceSize) {
  Value x = node.operand(0), updates = node.operand(2);
  int64_t count = *elementCount(shapeOf(x));
  if (elementOf(x) != elementOf(updates))
    return node.fail("data and updates have different element types " + typeText(elementOf(x)) + " and " +
                     typeText(elementOf(updates)));
  if (count == 0 || offsets.empty())
    return node.setResult(x);
  int64_t rows = count / sliceSize;
  if (failed(node.checkTable(rows)))
    return failure();
  Shape source = sequence(0, rows);
  for (auto [i, offset] : llvm::enumerate(offsets))
    source[offset / sliceSize] = rows + int64_t(i);
  Value both =
      node.concat({node.reshape(x, {rows, sliceSize}), node.reshape(updates, {int64_t(offsets.size()), sliceSize})}, 0);
  return node.setResult(node.reshape(node.emit<nn::GatherOp>(both, node.integerVector(source), 0), shapeOf(x)));
}

static LogicalResult legalizeScatterElements(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(x).size());
  FailureOr<nn::ScatterKind> kind = scatterKind(node);
  if (failed(axis) || failed(kind))
    return failure();
  if (!isConstant(node.operand(1)) || *kind != nn::ScatterKind::Replace)
    return scatterAtRunTime(node, *kind, [&](Value data, Value indices, Value updates) {
      return node.emit<nn::ScatterElementsOp>(*kind, data, indices, updates, *axis);
    });
  FailureOr<Shape> offsets = elementOffsets(node, shapeOf(x), *axis);
  if (failed(offsets))
    return failure();
  if (shapeOf(node.operand(1)) != shapeOf(node.operand(2)))
    return node.fail("indices and updates must have the same shape");
  return scatter(node, *offsets, 1);
}

static LogicalResult legalizeScatterND(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<nn::ScatterKind> kind = scatterKind(node);
  if (failed(kind))
    return failure();
  if (!isConstant(node.operand(1)) || *kind != nn::ScatterKind::Replace)
    return scatterAtRunTime(node, *kind, [&](Value data, Value indices, Value updates) {
      return node.emit<nn::ScatterNDOp>(*kind, data, indices, updates);
    });
  FailureOr<Shape> offsets = tupleOffsets(node, shapeOf(x), 0);
  if (failed(offsets))
    return failure();
  ShapeRef tuples = shapeOf(node.operand(1)), slice = shapeOf(x).drop_front(tuples.back());
  Shape shape(tuples.drop_back());
  shape.append(slice.begin(), slice.end());
  if (ShapeRef(shape) != shapeOf(node.operand(2)))
    return node.fail("updates must have shape " + shapeText(shape) + ", got " + shapeText(shapeOf(node.operand(2))));
  return scatter(node, *offsets, *elementCount(slice));
}

// How many positions the new axis has: 0 if the number makes no sense. Where it is known at run time only, the file must
// declare the shape of the result.
static FailureOr<int64_t> oneHotDepth(NodeBinder &node, int64_t axis) {
  Value depth = node.operand(1);
  if (elementCount(shapeOf(depth)) != 1)
    return node.fail("input 'depth' must be one number");
  if (!isConstant(depth)) {
    FailureOr<Shape> shape = node.shapeInsteadOf("depth");
    if (succeeded(shape) && axis >= int64_t(shape->size()))
      return node.fail("gives another rank than the file declares");
    return failed(shape) ? FailureOr<int64_t>(failure()) : FailureOr<int64_t>((*shape)[axis]);
  }
  FailureOr<ConstantData> data = ConstantData::get(depth);
  if (failed(data))
    return node.fail("input 'depth' must be one number");
  double number = data->number(0);
  return number >= 1 && number <= INT32_MAX ? int64_t(number) : 0;
}

// on where the index along a new axis equals the position, else off.
static LogicalResult legalizeOneHot(NodeBinder &node) {
  Value indices = node.operand(0), values = node.operand(2);
  Type i64 = node.getBuilder().getI64Type();
  FailureOr<int64_t> axis = node.axis(node.integer("axis", -1), shapeOf(indices).size() + 1);
  FailureOr<int64_t> known = failed(axis) ? FailureOr<int64_t>(failure()) : oneHotDepth(node, *axis);
  if (failed(known))
    return failure();
  int64_t depth = *known;
  if (depth < 1 || shapeOf(values) != ShapeRef{2} || isBoolean(indices))
    return node.fail("needs a positive depth, two values, and indices that are numbers");
  if (failed(node.checkTable(depth)))
    return failure();
  Shape shape(shapeOf(indices)), positions(shape.size() + 1, 1);
  shape.insert(shape.begin() + *axis, 1);
  positions[*axis] = depth;
  Value index = node.reshape(node.cast(indices, i64), shape);
  index = node.select(node.compare(nn::CompareKind::Less, index, node.scalar(i64, 0)),
                      node.add(index, node.scalar(i64, double(depth))), index);
  Value place = node.reshape(node.integerVector(sequence(0, depth)), positions);
  Value on = node.reshape(node.slice(values, 0, 1, 1), {}), off = node.reshape(node.slice(values, 0, 0, 1), {});
  return node.setResult(node.select(node.compare(nn::CompareKind::Equal, index, place), on, off));
}

void legalize::registerGathers(Registry &registry) {
  registry.add("Gather", {1, 11, 13}, {2, 2}, legalizeGather);
  registry.add("GatherElements", {11, 13}, {2, 2}, legalizeGatherElements);
  registry.add("GatherND", {11, 12, 13}, {2, 2}, legalizeGatherND);
  registry.add("Scatter", {9}, {3, 3}, legalizeScatterElements);
  registry.add("ScatterElements", {11, 13, 16, 18}, {3, 3}, legalizeScatterElements);
  registry.add("ScatterND", {11, 13, 16, 18}, {3, 3}, legalizeScatterND);
  registry.add("OneHot", {9, 11}, {3, 3}, legalizeOneHot);
}
