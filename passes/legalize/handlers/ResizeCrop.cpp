// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Resize with coordinate_transformation_mode tf_crop_and_resize: a region, which may be known at run time only, is resized;
// what lies outside of the input has the extrapolation value.
#include "passes/legalize/handlers/Resize.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::UnaryKind;

static FailureOr<Shape> croppedSizes(NodeBinder &node, ShapeRef axes) {
  ShapeRef shape = shapeOf(node.operand(0));
  if (node.operand(3) && isConstant(node.operand(3)) && elementCount(shapeOf(node.operand(3))) != 0)
    return node.constantIntegers(3, "sizes");
  // Sizes by scales are floor(size * (end - start) * scale) of a region that may be known at run time only.
  FailureOr<Shape> declared = node.shapeInsteadOf("roi");
  if (failed(declared))
    return failure();
  if (declared->size() != shape.size())
    return node.fail("the file declares a result of " + Twine(declared->size()) + " dimensions for an input of " +
                     Twine(shape.size()));
  Shape sizes;
  for (int64_t axis : axes)
    sizes.push_back((*declared)[axis]);
  return sizes;
}

// Positions of the output's elements in the input: a vector.
static Value positions(NodeBinder &node, Value start, Value end, int64_t in, int64_t out) {
  float last = float(in - 1);
  if (out == 1)
    return node.reshape(node.mul(node.add(start, end), node.scalar(0.5f * last)), {1});
  std::vector<float> steps;
  for (int64_t i = 0; i < out; ++i)
    steps.push_back(float(double(i) * double(in - 1) / double(out - 1)));
  Value step = node.constant<float>({out}, node.getBuilder().getF32Type(), steps);
  return node.add(node.mul(start, node.scalar(last)), node.mul(node.sub(end, start), step));
}

static Value nearest(NodeBinder &node, const Sampling &sampling, Value x) {
  if (sampling.nearest == "floor")
    return node.unary(UnaryKind::Floor, x);
  if (sampling.nearest == "ceil")
    return node.unary(UnaryKind::Ceil, x);
  if (sampling.nearest == "round_prefer_ceil")
    return node.unary(UnaryKind::Floor, node.add(x, node.scalar(0.5f)));
  return node.unary(UnaryKind::Ceil, node.sub(x, node.scalar(0.5f)));
}

// Weights of the elements from floor(x) - (count / 2 - 1) on, for the fraction t of x.
static SmallVector<Value> weights(NodeBinder &node, const Sampling &sampling, Value t) {
  Value one = node.scalar(1);
  if (sampling.mode == "linear")
    return {node.sub(one, t), t};
  float a = sampling.cubicA;
  auto polynomial = [&](Value d, float c3, float c2, float c1, float c0) {
    Value y = node.add(node.mul(d, node.scalar(c3)), node.scalar(c2));
    y = node.add(node.mul(y, d), node.scalar(c1));
    return node.add(node.mul(y, d), node.scalar(c0));
  };
  auto near = [&](Value d) { return polynomial(d, a + 2, -(a + 3), 0, 1); };
  auto far = [&](Value d) { return polynomial(d, a, -5 * a, 8 * a, -4 * a); };
  Value rest = node.sub(one, t);
  return {far(node.add(t, one)), near(t), near(rest), far(node.add(rest, one))};
}

LogicalResult legalize::cropAndResize(NodeBinder &node, const Sampling &sampling, ShapeRef axes) {
  Value x = node.operand(0), roi = node.operand(1);
  Type element = elementOf(x);
  float extrapolation = node.real("extrapolation_value", 0);
  if (!roi || failed(node.needFloat(roi, "roi")) || shapeOf(roi) != ShapeRef{2 * int64_t(axes.size())})
    return node.fail("needs input 'roi' with " + Twine(2 * axes.size()) + " numbers");
  if (failed(node.needFloat(x, "X")))
    return failure();
  if (sampling.excludeOutside)
    return node.fail("attribute 'exclude_outside' is not supported with tf_crop_and_resize");
  FailureOr<Shape> sizes = croppedSizes(node, axes);
  if (failed(sizes))
    return failure();
  if (sizes->size() != axes.size())
    return node.fail("needs " + Twine(axes.size()) + " sizes, got " + Twine(sizes->size()));
  Value isOutside;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t in = shapeOf(x)[axis], out = (*sizes)[i], count = int64_t(axes.size());
    if (in < 1 || out < 1 || failed(node.checkTable(out)))
      return node.fail("cannot resize dimension " + Twine(axis) + " of shape " + shapeText(shapeOf(x)) + " to " + Twine(out));
    Value start = node.slice(roi, 0, int64_t(i), 1), end = node.slice(roi, 0, count + int64_t(i), 1);
    Value position = positions(node, start, end, in, out), last = node.scalar(float(in - 1));
    if (node.hasFailed())
      return failure();
    Shape aligned(shapeOf(x).size(), 1);
    aligned[axis] = out;
    Value below = node.compare(nn::CompareKind::Less, position, node.scalar(0)),
          above = node.compare(nn::CompareKind::Less, last, position);
    Value outside = node.reshape(node.binary(BinaryKind::Or, below, above), aligned);
    isOutside = isOutside ? node.binary(BinaryKind::Or, isOutside, outside) : outside;
    auto take = [&, dimension = axis](Value index) {
      Value inside = node.unary(UnaryKind::Clamp, index, 0, float(in - 1));
      return node.emit<nn::GatherOp>(x, node.cast(inside, node.getBuilder().getI64Type()), dimension);
    };
    if (sampling.mode == "nearest") {
      x = take(nearest(node, sampling, position));
      continue;
    }
    Value base = node.unary(UnaryKind::Floor, position), y;
    SmallVector<Value> factors = weights(node, sampling, node.sub(position, base));
    for (auto [tap, factor] : llvm::enumerate(factors)) {
      float offset = float(int64_t(tap) - (int64_t(factors.size()) / 2 - 1));
      Value part = node.mul(take(node.add(base, node.scalar(offset))), node.reshape(factor, aligned));
      y = y ? node.add(y, part) : part;
    }
    x = y;
    if (node.hasFailed())
      return failure();
  }
  Value border = node.scalar(extrapolation);
  return node.setResult(node.cast(isOutside ? node.select(isOutside, border, x) : x, element));
}
