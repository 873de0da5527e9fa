// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that move elements: transposes, parts, joints, borders, blocks.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/RuntimeParameters.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static LogicalResult legalizeTranspose(NodeBinder &node) {
  Value x = node.operand(0);
  Shape reversed = sequence(0, shapeOf(x).size());
  std::reverse(reversed.begin(), reversed.end());
  return node.setResult(node.transpose(x, node.integers("perm", reversed)));
}

static LogicalResult legalizeConcat(NodeBinder &node) {
  if (!node.has("axis") && node.getOpset() >= 4)
    return node.fail("attribute 'axis' is missing");
  SmallVector<Value> inputs;
  for (size_t i = 0; i < node.getOperandCount(); ++i) {
    inputs.push_back(node.operand(i));
    if (!inputs.back())
      return node.fail("input " + Twine(i) + " is left out");
  }
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 1), shapeOf(inputs[0]).size());
  return failed(axis) ? failure() : node.setResult(node.concat(inputs, *axis));
}

// Sizes of the parts into which `size` is split for `count` results.
static FailureOr<Shape> splitSizes(NodeBinder &node, int64_t size, int64_t count) {
  Shape sizes;
  if (node.getOpset() < 13) {
    sizes = node.integers("split");
  } else if (node.operand(1) && !isConstant(node.operand(1))) {
    for (int64_t i = 0; i < count; ++i) {
      FailureOr<Shape> shape = node.shapeInsteadOf("split", size_t(i));
      FailureOr<int64_t> axis =
          failed(shape) ? FailureOr<int64_t>(failure()) : node.axis(node.integer("axis", 0), shape->size());
      if (failed(axis))
        return failure();
      sizes.push_back((*shape)[*axis]);
    }
  } else if (node.operand(1)) {
    FailureOr<Shape> given = node.constantIntegers(1, "split");
    if (failed(given))
      return failure();
    sizes = *given;
  }
  int64_t parts = node.getOpset() >= 18 ? node.integer("num_outputs", count) : count;
  if (sizes.empty()) {
    if (parts != count)
      return node.fail("attribute 'num_outputs' is " + Twine(parts) + ", but the node has " + Twine(count) + " outputs");
    if (node.getOpset() < 18 && size % parts != 0)
      return node.fail("cannot split " + Twine(size) + " positions into " + Twine(parts) + " equal parts");
    int64_t chunk = (size + parts - 1) / parts; // the last one may be smaller
    for (int64_t i = 0, left = size; i < parts; ++i, left -= sizes.back())
      sizes.push_back(std::min(chunk, left));
  }
  int64_t sum = 0;
  for (int64_t part : sizes)
    sum = part < 0 || part > size || sum > size ? size + 1 : sum + part;
  if (int64_t(sizes.size()) != count || sum != size)
    return node.fail("cannot split " + Twine(size) + " positions into " + Twine(count) + " outputs of sizes " +
                     shapeText(sizes));
  return sizes;
}

static LogicalResult legalizeSplit(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(x).size());
  if (failed(axis))
    return failure();
  FailureOr<Shape> sizes = splitSizes(node, shapeOf(x)[*axis], int64_t(node.getNode().getOutputs().size()));
  if (failed(sizes))
    return failure();
  int64_t begin = 0;
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    if (failed(node.setResult(i, node.slice(x, *axis, begin, size))))
      return failure();
    begin += size;
  }
  return success();
}

// A part with NumPy's rules: negative numbers count from the end, what is out of range is clamped.
static LogicalResult slice(NodeBinder &node, ShapeRef starts, ShapeRef ends, Shape axes, Shape steps) {
  Value x = node.operand(0);
  ShapeRef shape = shapeOf(x);
  if (axes.empty())
    axes = sequence(0, starts.size());
  if (steps.empty())
    steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    return node.fail("starts, ends, axes and steps must have the same number of elements");
  Shape offsets(shape.size(), 0), sizes(shape), strides(shape.size(), 1);
  llvm::SmallBitVector isDone(shape.size());
  for (size_t i = 0; i < starts.size(); ++i) {
    FailureOr<int64_t> axis = node.axis(axes[i], shape.size());
    if (failed(axis))
      return failure();
    if (isDone.test(*axis))
      return node.fail("axes must not repeat");
    isDone.set(*axis);
    int64_t size = shape[*axis];
    if (steps[i] == 0)
      return node.fail("a step is 0");
    // Any larger step takes one element as well.
    int64_t step = std::min(std::max(steps[i], -size - 1), size + 1);
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    auto place = [&](int64_t index) { return std::min(std::max(index < 0 ? index + size : index, low), high); };
    int64_t start = step > 0 ? place(starts[i]) : std::max<int64_t>(place(starts[i]), 0), end = place(ends[i]);
    int64_t span = step > 0 ? end - start : start - end, magnitude = std::abs(step);
    sizes[*axis] = size == 0 || span <= 0 ? 0 : (span + magnitude - 1) / magnitude;
    offsets[*axis] = sizes[*axis] == 0 ? 0 : start;
    strides[*axis] = sizes[*axis] == 0 ? 1 : step;
  }
  return node.setResult(node.emit<nn::SliceOp>(x, offsets, sizes, strides));
}

static LogicalResult legalizeSlice1(NodeBinder &node) {
  return slice(node, node.integers("starts"), node.integers("ends"), node.integers("axes"), {});
}

static LogicalResult legalizeSlice10(NodeBinder &node) {
  for (size_t i = 1; i < node.getOperandCount(); ++i)
    if (node.operand(i) && !isConstant(node.operand(i)))
      return sliceAtRunTime(node);
  auto optional = [&](size_t index, StringRef name) {
    return node.operand(index) ? node.constantIntegers(index, name) : FailureOr<Shape>(Shape());
  };
  FailureOr<Shape> starts = node.constantIntegers(1, "starts"), ends = node.constantIntegers(2, "ends");
  FailureOr<Shape> axes = optional(3, "axes"), steps = optional(4, "steps");
  if (node.hasFailed())
    return failure();
  return slice(node, *starts, *ends, *axes, *steps);
}

static std::optional<nn::PadMode> padMode(NodeBinder &node) {
  StringRef mode = node.text("mode", "constant");
  if (mode == "wrap" && node.getOpset() < 19)
    return std::nullopt;
  return nn::symbolizePadMode(mode);
}

// `pads` are for each of `axes` the number before, then for each the number after.
static LogicalResult pad(NodeBinder &node, ShapeRef pads, ShapeRef axes, double value) {
  Value x = node.operand(0);
  size_t rank = shapeOf(x).size();
  std::optional<nn::PadMode> mode = padMode(node);
  if (!mode)
    return node.fail("attribute 'mode' is '" + node.text("mode", "") + "', which operator set " + Twine(node.getOpset()) +
                     " does not have");
  if (pads.size() != 2 * axes.size())
    return node.fail("needs " + Twine(2 * axes.size()) + " pads, got " + Twine(pads.size()));
  Shape before(rank, 0), after(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    FailureOr<int64_t> axis = node.axis(axes[i], rank);
    if (failed(axis))
      return failure();
    if (std::max(std::abs(pads[i] / 2), std::abs(pads[i + axes.size()] / 2)) > INT32_MAX)
      return node.fail("a pad is out of range");
    before[*axis] += pads[i];
    after[*axis] += pads[i + axes.size()];
    if (*mode != nn::PadMode::Constant && shapeOf(x)[*axis] == 0 && before[*axis] + after[*axis] > 0)
      return node.fail("cannot take a border from an empty dimension");
  }
  return node.setResult(node.emit<nn::PadOp>(*mode, x, before, after, APFloat(value)));
}

static LogicalResult legalizePad2(NodeBinder &node) {
  Shape axes = sequence(0, shapeOf(node.operand(0)).size());
  return pad(node, node.integers("pads"), axes, node.real("value", 0));
}

static LogicalResult legalizePad11(NodeBinder &node) {
  Value x = node.operand(0), border = node.operand(2);
  std::optional<nn::PadMode> mode = padMode(node);
  bool isConstantMode = mode == nn::PadMode::Constant;
  for (size_t i = 1; mode && i < node.getOperandCount(); ++i)
    if (node.operand(i) && !isConstant(node.operand(i)) && (i != 2 || isConstantMode))
      return padAtRunTime(node, *mode);
  FailureOr<Shape> pads = node.constantIntegers(1, "pads"), axes = sequence(0, shapeOf(x).size());
  if (node.operand(3))
    axes = node.constantIntegers(3, "axes");
  if (node.hasFailed())
    return failure();
  double value = 0;
  if (border && isConstantMode) {
    FailureOr<ConstantData> data = ConstantData::get(border);
    if (failed(data) || data->size() != 1)
      return node.fail("input 'constant_value' must be one number that is known at compile time");
    value = data->number(0);
  }
  return pad(node, *pads, *axes, value);
}

// The image [n, c, h, w] that block operators take, and their block size.
static FailureOr<int64_t> blockSize(NodeBinder &node) {
  int64_t size = node.integer("blocksize", 0);
  if (shapeOf(node.operand(0)).size() != 4)
    return node.fail("needs an input of 4 dimensions, got shape " + shapeText(shapeOf(node.operand(0))));
  if (size < 1 || size > INT16_MAX)
    return node.fail("attribute 'blocksize' is " + Twine(size) + ", which is out of range");
  return size;
}

static LogicalResult legalizeDepthToSpace(NodeBinder &node) {
  FailureOr<int64_t> block = blockSize(node);
  StringRef mode = node.getOpset() >= 11 ? node.text("mode", "DCR") : "DCR";
  if (failed(block))
    return failure();
  int64_t b = *block;
  ShapeRef s = shapeOf(node.operand(0));
  if (s[1] % (b * b) != 0)
    return node.fail(Twine(s[1]) + " channels cannot be split into blocks of " + Twine(b * b));
  if (mode != "DCR" && mode != "CRD")
    return node.fail("attribute 'mode' must be 'DCR' or 'CRD', got '" + mode + "'");
  int64_t depth = s[1] / (b * b);
  Value blocks = mode == "DCR"
                     ? node.transpose(node.reshape(node.operand(0), {s[0], b, b, depth, s[2], s[3]}), {0, 3, 4, 1, 5, 2})
                     : node.transpose(node.reshape(node.operand(0), {s[0], depth, b, b, s[2], s[3]}), {0, 1, 4, 2, 5, 3});
  return node.setResult(node.reshape(blocks, {s[0], depth, s[2] * b, s[3] * b}));
}

static LogicalResult legalizeSpaceToDepth(NodeBinder &node) {
  FailureOr<int64_t> block = blockSize(node);
  if (failed(block))
    return failure();
  int64_t b = *block;
  ShapeRef s = shapeOf(node.operand(0));
  if (s[2] % b != 0 || s[3] % b != 0)
    return node.fail("an image of " + shapeText(s.drop_front(2)) + " cannot be split into blocks of " + Twine(b));
  Value blocks = node.reshape(node.operand(0), {s[0], s[1], s[2] / b, b, s[3] / b, b});
  return node.setResult(node.reshape(node.transpose(blocks, {0, 3, 5, 1, 2, 4}), {s[0], s[1] * b * b, s[2] / b, s[3] / b}));
}

void legalize::registerRearrangements(Registry &registry) {
  registry.add("Transpose", {1, 13, 21}, {1, 1}, legalizeTranspose);
  registry.add("Concat", {1, 4, 11, 13}, {1, anyNumber}, legalizeConcat);
  registry.add("Split", {2, 11}, {1, 1}, legalizeSplit);
  registry.add("Split", {13, 18}, {1, 2}, legalizeSplit);
  registry.add("Slice", {1}, {1, 1}, legalizeSlice1);
  registry.add("Slice", {10, 11, 13}, {3, 5}, legalizeSlice10);
  registry.add("Pad", {2}, {1, 1}, legalizePad2);
  registry.add("Pad", {11, 13}, {2, 3}, legalizePad11);
  registry.add("Pad", {18, 19, 21}, {2, 4}, legalizePad11);
  registry.add("DepthToSpace", {1, 11, 13}, {1, 1}, legalizeDepthToSpace);
  registry.add("SpaceToDepth", {1, 13}, {1, 1}, legalizeSpaceToDepth);
}
