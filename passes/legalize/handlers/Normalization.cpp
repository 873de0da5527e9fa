// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Normalizations, most of them composed.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::ReduceKind;
using nn::UnaryKind;

// A value for each channel, as a shape that broadcasts along dimension 1 of an input of rank `rank`.
static Value perChannel(NodeBinder &node, Value value, size_t rank) {
  Shape shape(rank, 1);
  shape[1] = *elementCount(shapeOf(value));
  return node.reshape(value, shape);
}

// Checks that the operand has one float for each channel of x.
static LogicalResult checkPerChannel(NodeBinder &node, size_t index, StringRef name) {
  ShapeRef x = shapeOf(node.operand(0));
  if (x.size() < 2)
    return node.fail("needs an input with batch and channels, got shape " + shapeText(x));
  if (shapeOf(node.operand(index)) != ShapeRef{x[1]})
    return node.fail("input '" + name + "' must have shape " + shapeText({x[1]}) + ", got " +
                     shapeText(shapeOf(node.operand(index))));
  return node.needFloat(node.operand(index), name);
}

// Training mode: normalizes by mean and (biased) variance of the batch, with which it also updates the running ones.
static LogicalResult normalizeByBatch(NodeBinder &node) {
  Value x = node.operand(0);
  size_t rank = shapeOf(x).size();
  Shape axes = sequence(0, int64_t(rank)), channels{shapeOf(x)[1]};
  axes.erase(axes.begin() + 1);
  float momentum = node.real("momentum", 0.9f);
  Value mean = node.reduce(ReduceKind::Mean, x, axes, true), centered = node.sub(x, mean);
  Value variance = node.reduce(ReduceKind::Mean, node.mul(centered, centered), axes, true);
  Value root = node.unary(UnaryKind::Sqrt, node.add(variance, node.scalar(node.real("epsilon", 1e-5f))));
  Value scaled = node.mul(node.div(centered, root), perChannel(node, node.operand(1), rank));
  auto update = [&](size_t index, Value fresh) {
    return node.add(node.mul(node.operand(index), node.scalar(momentum)),
                    node.mul(node.reshape(fresh, channels), node.scalar(1 - momentum)));
  };
  if (failed(node.setResult(0, node.add(scaled, perChannel(node, node.operand(2), rank)))) ||
      failed(node.setResult(1, update(3, mean))))
    return failure();
  return node.setResult(2, update(4, variance));
}

// x * s + (bias - mean * s) with s = scale / sqrt(variance + epsilon); of constants, s and the sum are computed here.
static LogicalResult legalizeBatchNormalization(NodeBinder &node) {
  node.ignore({"momentum", "is_test", "spatial"});
  Value x = node.operand(0);
  StringRef names[] = {"X", "scale", "B", "mean", "var"};
  for (size_t i = 1; i < 5; ++i)
    if (failed(checkPerChannel(node, i, names[i])))
      return failure();
  if (node.getOpset() < 9 && node.integer("spatial", 1) == 0)
    return node.fail("attribute 'spatial' is 0; Thimble normalizes channels only");
  if (failed(node.needFloat(x, "X")))
    return failure();
  if (node.getOpset() >= 14 && node.flag("training_mode", false))
    return normalizeByBatch(node);
  Value root = node.unary(UnaryKind::Sqrt, node.add(node.operand(4), node.scalar(node.real("epsilon", 1e-5f))));
  Value scale = node.div(node.operand(1), root);
  Value shift = node.sub(node.operand(2), node.mul(node.operand(3), scale));
  if (node.hasFailed())
    return failure();
  size_t rank = shapeOf(x).size();
  return node.setResult(node.add(node.mul(x, perChannel(node, scale, rank)), perChannel(node, shift, rank)));
}

static LogicalResult legalizeLayerNormalization(NodeBinder &node) {
  node.ignore({"stash_type"});
  Value x = node.operand(0), scale = node.operand(1), bias = node.operand(2);
  float epsilon = node.real("epsilon", 1e-5f);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", -1), shapeOf(x).size());
  if (failed(axis) || failed(node.needFloat(x, "X")) || failed(node.needFloat(scale, "Scale")) ||
      failed(node.needFloat(bias, "B")))
    return failure();
  ShapeRef normalized = shapeOf(x).drop_front(*axis);
  if (!bias)
    bias = node.filled(normalized, elementOf(x), 0);
  // ONNX lets scale and bias broadcast to the normalized dimensions.
  Value y = node.emit<nn::LayerNormOp>(x, node.broadcast(scale, normalized), node.broadcast(bias, normalized), *axis,
                                       APFloat(epsilon));
  if (failed(node.setResult(0, y)))
    return failure();
  if (!node.isResultUsed(1) && !node.isResultUsed(2))
    return success();
  Shape axes = sequence(*axis, shapeOf(x).size());
  Value mean = node.reduce(ReduceKind::Mean, x, axes, true), centered = node.sub(x, mean);
  Value variance = node.reduce(ReduceKind::Mean, node.mul(centered, centered), axes, true);
  Value inverse = node.unary(UnaryKind::Reciprocal, node.unary(UnaryKind::Sqrt, node.add(variance, node.scalar(epsilon))));
  return failed(node.setResult(1, mean)) ? failure() : node.setResult(2, inverse);
}

// Normalizes each of `rows` rows of x to mean 0 and variance 1, and gives x's shape back.
static Value normalizeRows(NodeBinder &node, Value x, int64_t rows, float epsilon) {
  int64_t count = *elementCount(shapeOf(x)), depth = rows ? count / rows : 0;
  if (count == 0)
    return x;
  Value ones = node.filled({depth}, elementOf(x), 1), zeros = node.filled({depth}, elementOf(x), 0);
  Value y = node.emit<nn::LayerNormOp>(node.reshape(x, {rows, depth}), ones, zeros, 1, APFloat(epsilon));
  return node.reshape(y, shapeOf(x));
}

static LogicalResult legalizeInstanceNormalization(NodeBinder &node) {
  Value x = node.operand(0);
  if (failed(checkPerChannel(node, 1, "scale")) || failed(checkPerChannel(node, 2, "B")) || failed(node.needFloat(x, "input")))
    return failure();
  size_t rank = shapeOf(x).size();
  Value normal = normalizeRows(node, x, shapeOf(x)[0] * shapeOf(x)[1], node.real("epsilon", 1e-5f));
  return node.setResult(
      node.add(node.mul(normal, perChannel(node, node.operand(1), rank)), perChannel(node, node.operand(2), rank)));
}

// Before operator set 21, scale and bias had one number for each group instead of each channel.
static LogicalResult legalizeGroupNormalization(NodeBinder &node) {
  node.ignore({"stash_type"});
  Value x = node.operand(0), scale = node.operand(1), bias = node.operand(2);
  int64_t groups = node.integer("num_groups", 0);
  if (shapeOf(x).size() < 2 || groups < 1 || shapeOf(x)[1] % groups != 0)
    return node.fail("cannot split the channels of shape " + shapeText(shapeOf(x)) + " into " + Twine(groups) + " groups");
  if (failed(node.needFloat(x, "X")) || failed(node.needFloat(scale, "scale")) || failed(node.needFloat(bias, "bias")))
    return failure();
  int64_t channels = shapeOf(x)[1];
  auto widen = [&](Value value) {
    if (node.getOpset() >= 21 || shapeOf(value) != ShapeRef{groups})
      return value;
    return node.reshape(node.broadcast(node.reshape(value, {groups, 1}), {groups, channels / groups}), {channels});
  };
  scale = widen(scale);
  bias = widen(bias);
  if (node.hasFailed() || shapeOf(scale) != ShapeRef{channels} || shapeOf(bias) != ShapeRef{channels})
    return node.fail("scale and bias do not fit " + Twine(channels) + " channels in " + Twine(groups) + " groups");
  size_t rank = shapeOf(x).size();
  Value normal = normalizeRows(node, x, shapeOf(x)[0] * groups, node.real("epsilon", 1e-5f));
  return node.setResult(node.add(node.mul(normal, perChannel(node, scale, rank)), perChannel(node, bias, rank)));
}

// x / (bias + alpha / size * sum of squares of `size` channels)^beta. Channels are the height of an image whose window averages
// them; padding counts, so that the average is the sum over size.
static LogicalResult legalizeLRN(NodeBinder &node) {
  Value x = node.operand(0);
  int64_t size = node.integer("size", 0);
  float alpha = node.real("alpha", 1e-4f), beta = node.real("beta", 0.75f), bias = node.real("bias", 1);
  if (shapeOf(x).size() < 2 || size < 1 || size > INT16_MAX)
    return node.fail("needs an input with channels and attribute 'size'");
  if (failed(node.needFloat(x, "X")) || *elementCount(shapeOf(x)) == 0)
    return node.setResult(x);
  int64_t rest = *elementCount(shapeOf(x).drop_front(2));
  Value image = node.reshape(node.mul(x, x), {shapeOf(x)[0], shapeOf(x)[1], rest, 1});
  Value mean =
      node.emit<nn::Pool2DOp>(nn::PoolKind::Average, image, Shape{size, 1}, Shape{1, 1}, Shape{(size - 1) / 2, 0, size / 2, 0},
                              Shape{1, 1}, Shape{0, 0}, /*count_include_pad=*/true);
  Value base = node.add(node.mul(node.reshape(mean, shapeOf(x)), node.scalar(alpha)), node.scalar(bias));
  return node.setResult(node.div(x, node.binary(nn::BinaryKind::Pow, base, node.scalar(beta))));
}

static LogicalResult legalizeLpNormalization(NodeBinder &node) {
  Value x = node.operand(0);
  int64_t p = node.integer("p", 2);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", -1), shapeOf(x).size());
  if (failed(axis))
    return failure();
  if (p != 1 && p != 2)
    return node.fail("attribute 'p' is " + Twine(p) + "; Thimble supports 1 and 2");
  if (failed(node.needFloat(x, "input")))
    return failure();
  return node.setResult(node.div(x, node.reduce(p == 1 ? ReduceKind::L1 : ReduceKind::L2, x, {*axis}, true)));
}

static LogicalResult legalizeMeanVarianceNormalization(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<Shape> axes = node.axes(node.integers("axes", {0, 2, 3}), shapeOf(x).size());
  if (failed(axes) || failed(node.needFloat(x, "X")))
    return failure();
  Value centered = node.sub(x, node.reduce(ReduceKind::Mean, x, *axes, true));
  Value deviation = node.unary(UnaryKind::Sqrt, node.reduce(ReduceKind::Mean, node.mul(centered, centered), *axes, true));
  return node.setResult(node.div(centered, node.add(deviation, node.scalar(1e-9f))));
}

void legalize::registerNormalizations(Registry &registry) {
  registry.add("BatchNormalization", {1, 6, 7, 9, 14, 15}, {5, 5}, legalizeBatchNormalization);
  registry.add("LayerNormalization", {17}, {2, 3}, legalizeLayerNormalization);
  registry.add("InstanceNormalization", {1, 6, 22}, {3, 3}, legalizeInstanceNormalization);
  registry.add("GroupNormalization", {18, 21}, {3, 3}, legalizeGroupNormalization);
  registry.add("LRN", {1, 13}, {1, 1}, legalizeLRN);
  registry.add("LpNormalization", {1, 22}, {1, 1}, legalizeLpNormalization);
  registry.add("MeanVarianceNormalization", {9, 13}, {1, 1}, legalizeMeanVarianceNormalization);
}
