// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parts of transformers that ONNX has as operators (from operator set 23 on), composed.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::ReduceKind;
using nn::UnaryKind;

// x / sqrt(mean(x^2) + epsilon) * scale, the mean over dimensions from the axis on.
static LogicalResult legalizeRMSNormalization(NodeBinder &node) {
  node.ignore({"stash_type"});
  Value x = node.operand(0), scale = node.operand(1);
  FailureOr<int64_t> axis = node.axis(node.integer("axis", -1), shapeOf(x).size());
  if (failed(axis) || failed(node.needFloat(x, "X")) || failed(node.needFloat(scale, "scale")))
    return failure();
  Value mean = node.reduce(ReduceKind::Mean, node.mul(x, x), sequence(*axis, int64_t(shapeOf(x).size())), true);
  Value root = node.unary(UnaryKind::Sqrt, node.add(mean, node.scalar(node.real("epsilon", 1e-5f))));
  return node.setResult(node.mul(node.div(x, root), scale));
}

// [batch, positions, heads * size] to [batch, heads, positions, size].
static Value splitHeads(NodeBinder &node, Value x, int64_t heads) {
  ShapeRef shape = shapeOf(x);
  return node.transpose(node.reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

static Value joinHeads(NodeBinder &node, Value x) {
  if (!x)
    return {};
  ShapeRef shape = shapeOf(x);
  return node.reshape(node.transpose(x, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
}

// Every second element of the last dimension.
static Value everySecond(NodeBinder &node, Value x, int64_t begin) {
  if (!x)
    return {};
  Shape sizes(shapeOf(x)), offsets(sizes.size(), 0), strides(sizes.size(), 1);
  sizes.back() /= 2;
  offsets.back() = begin;
  strides.back() = 2;
  return node.emit<nn::SliceOp>(x, offsets, sizes, strides);
}

// Pairs of numbers of each head are turned by angles that depend on the position (Su et al. 2021).
static LogicalResult legalizeRotaryEmbedding(NodeBinder &node) {
  Value x = node.operand(0), cosines = node.operand(1), sines = node.operand(2), positions = node.operand(3);
  int64_t heads = node.integer("num_heads", 0), rotated = node.integer("rotary_embedding_dim", 0);
  bool isInterleaved = node.flag("interleaved", false), isFlat = shapeOf(x).size() == 3;
  for (Value value : {x, cosines, sines})
    if (failed(node.needFloat(value, "X or cache")))
      return failure();
  if (isFlat ? heads < 1 || shapeOf(x)[2] % heads != 0 : shapeOf(x).size() != 4)
    return node.fail(
        "needs an input [batch, heads, positions, size], or [batch, positions, heads * size] and 'num_heads'; got " +
        shapeText(shapeOf(x)));
  if (isFlat)
    x = splitHeads(node, x, heads);
  if (node.hasFailed())
    return failure();
  Shape shape(shapeOf(x));
  if (rotated == 0)
    rotated = shape[3];
  if (rotated < 2 || rotated > shape[3] || rotated % 2 != 0)
    return node.fail("cannot rotate " + Twine(rotated) + " of " + Twine(shape[3]) + " elements");
  if (positions && !isInteger(positions))
    return node.fail("needs positions that are integers, got " + typeText(elementOf(positions)));
  if (positions) {
    Type i64 = node.getBuilder().getI64Type();
    cosines = node.emit<nn::GatherOp>(cosines, node.cast(positions, i64), 0);
    sines = node.emit<nn::GatherOp>(sines, node.cast(positions, i64), 0);
  }
  // [batch, 1, positions, half]
  auto angle = [&](Value cache) -> Value {
    if (node.hasFailed() || shapeOf(cache) != ShapeRef{shape[0], shape[2], rotated / 2}) {
      (void)node.fail("caches of shape " + shapeText(shapeOf(cache)) + " do not fit " + Twine(shape[2]) + " positions and " +
                      Twine(rotated / 2) + " angles");
      return {};
    }
    return node.reshape(cache, {shape[0], 1, shape[2], rotated / 2});
  };
  Value cosine = angle(cosines), sine = angle(sines), head = node.slice(x, 3, 0, rotated);
  Value first = isInterleaved ? everySecond(node, head, 0) : node.slice(head, 3, 0, rotated / 2);
  Value second = isInterleaved ? everySecond(node, head, 1) : node.slice(head, 3, rotated / 2, rotated / 2);
  Value real = node.sub(node.mul(cosine, first), node.mul(sine, second));
  Value imaginary = node.add(node.mul(sine, first), node.mul(cosine, second));
  Value turned;
  if (isInterleaved) {
    Shape pairs(shape);
    pairs[3] = rotated / 2;
    pairs.push_back(1);
    turned = node.concat({node.reshape(real, pairs), node.reshape(imaginary, pairs)}, 4);
    pairs.pop_back();
    pairs[3] = rotated;
    turned = node.reshape(turned, pairs);
  } else {
    turned = node.concat({real, imaginary}, 3);
  }
  if (rotated < shape[3])
    turned = node.concat({turned, node.slice(x, 3, rotated, shape[3] - rotated)}, 3);
  return node.setResult(isFlat ? joinHeads(node, turned) : turned);
}

// Each of the heads of keys or values serves `repeats` heads of queries.
static Value repeatHeads(NodeBinder &node, Value x, int64_t repeats) {
  if (!x || repeats == 1)
    return x;
  ShapeRef s = shapeOf(x);
  Value wide = node.broadcast(node.reshape(x, {s[0], s[1], 1, s[2], s[3]}), {s[0], s[1], repeats, s[2], s[3]});
  return node.reshape(wide, {s[0], s[1] * repeats, s[2], s[3]});
}

// 0 where a query may look at a key, else minus infinity.
static Value causalMask(NodeBinder &node, int64_t queries, int64_t keys, int64_t past) {
  if (failed(node.checkTable(queries * keys)))
    return {};
  std::vector<float> mask(size_t(queries * keys), 0);
  for (int64_t q = 0; q < queries; ++q)
    for (int64_t k = q + past + 1; k < keys; ++k)
      mask[q * keys + k] = -std::numeric_limits<float>::infinity();
  return node.constant<float>({queries, keys}, node.getBuilder().getF32Type(), mask);
}

// softmax(q k^T * scale + mask) v, with caps, caches and shared heads as ONNX's text has them.
static LogicalResult legalizeAttention(NodeBinder &node) {
  node.ignore({"softmax_precision"});
  Value inputs[3], past[2] = {node.operand(4), node.operand(5)}, mask = node.operand(3);
  bool isFlat = shapeOf(node.operand(0)).size() == 3;
  int64_t heads[3] = {node.integer("q_num_heads", 0), node.integer("kv_num_heads", 0), node.integer("kv_num_heads", 0)};
  int64_t mode = node.integer("qk_matmul_output_mode", 0);
  for (size_t i = 0; i < 3; ++i) {
    Value x = inputs[i] = node.operand(i);
    size_t rank = shapeOf(x).size();
    if (failed(node.needFloat(x, "Q, K or V")))
      return failure();
    if (rank != (isFlat ? 3 : 4) || (isFlat && (heads[i] < 1 || shapeOf(x)[2] % heads[i] != 0)))
      return node.fail(
          "needs queries, keys and values [batch, heads, positions, size], or [batch, positions, heads * size] and "
          "the numbers of heads; got " +
          shapeText(shapeOf(x)));
    if (isFlat)
      inputs[i] = splitHeads(node, x, heads[i]);
  }
  if (bool(past[0]) != bool(past[1]))
    return node.fail("needs past keys and values, or neither");
  int64_t pastLength = past[0] && shapeOf(past[0]).size() == 4 ? shapeOf(past[0])[2] : 0;
  Value q = inputs[0], k = past[0] ? node.concat({past[0], inputs[1]}, 2) : inputs[1];
  Value v = past[1] ? node.concat({past[1], inputs[2]}, 2) : inputs[2];
  if (node.hasFailed())
    return failure();
  int64_t size = shapeOf(q)[3], queries = shapeOf(q)[2], keys = shapeOf(k)[2];
  if (shapeOf(k)[1] < 1 || shapeOf(q)[1] % shapeOf(k)[1] != 0 || shapeOf(v)[1] != shapeOf(k)[1] || size < 1)
    return node.fail(Twine(shapeOf(q)[1]) + " heads of queries do not divide among " + Twine(shapeOf(k)[1]) + " of keys");
  if (failed(node.setResult(1, k)) || failed(node.setResult(2, v)))
    return failure();
  int64_t repeats = shapeOf(q)[1] / shapeOf(k)[1];
  float scale = node.has("scale") ? node.real("scale", 1) : float(1 / std::sqrt(double(size)));
  Value scores = node.matmul(node.mul(q, node.scalar(scale)), repeatHeads(node, k, repeats), false, /*transposeB=*/true);
  Value shown = scores;
  if (node.flag("is_causal", false))
    scores = node.add(scores, causalMask(node, queries, keys, pastLength));
  if (mask && isBoolean(mask))
    mask = node.select(mask, node.scalar(0), node.scalar(-std::numeric_limits<float>::infinity()));
  if (mask)
    scores = node.add(scores, mask);
  if (mode == 1)
    shown = scores;
  if (float cap = node.real("softcap", 0); cap != 0)
    scores = node.mul(node.unary(UnaryKind::Tanh, node.div(scores, node.scalar(cap))), node.scalar(cap));
  if (mode == 2)
    shown = scores;
  Value weights = node.emit<nn::SoftmaxOp>(scores, 3, /*log=*/false);
  Value y = node.matmul(weights, repeatHeads(node, v, repeats));
  if (failed(node.setResult(0, isFlat ? joinHeads(node, y) : y)))
    return failure();
  return node.setResult(3, mode == 3 ? weights : shown);
}

void legalize::registerAttention(Registry &registry) {
  registry.add("RMSNormalization", {23}, {2, 2}, legalizeRMSNormalization);
  registry.add("RotaryEmbedding", {23}, {3, 4}, legalizeRotaryEmbedding);
  registry.add("Attention", {23}, {3, 6}, legalizeAttention);
}
