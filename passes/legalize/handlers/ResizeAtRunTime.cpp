// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Resize with scales that are known at run time: what Resize.cpp computes of positions and weights, as operations.
#include "passes/legalize/handlers/Resize.h"
#include "passes/legalize/handlers/RuntimeParameters.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::CompareKind;
using nn::UnaryKind;

namespace {

class AxisSampler {
public:
  AxisSampler(NodeBinder &node, const Sampling &sampling, int64_t in, int64_t out, Value scale)
      : node(node), sampling(sampling), in(in), out(out), scale(scale) {}

  // Each tap's positions (i64) and weights; weights are null for the nearest element.
  SmallVector<std::pair<Value, Value>> makeTaps();

private:
  Value real(double value) { return node.scalar(float(value)); }
  Value position(); // in the input, of each position of the output
  Value nearest(Value x);
  Value cubic(Value distance, bool isFar);

  NodeBinder &node;
  const Sampling &sampling;
  int64_t in, out;
  Value scale;
};

} // namespace

Value AxisSampler::position() {
  SmallVector<float> counted;
  for (int64_t i = 0; i < out; ++i)
    counted.push_back(float(i));
  Value i = node.constant<float>({out}, node.getBuilder().getF32Type(), counted);
  if (sampling.coordinates == "align_corners")
    return out == 1 ? node.mul(i, real(0))
                    : node.div(node.mul(i, real(double(in - 1))), node.sub(node.mul(scale, real(double(in))), real(1)));
  if (sampling.coordinates == "asymmetric")
    return node.div(i, scale);
  if (sampling.coordinates == "pytorch_half_pixel" && out == 1)
    return node.mul(i, real(0));
  Value center = node.div(node.add(i, real(0.5)), scale);
  if (sampling.coordinates == "tf_half_pixel_for_nn")
    return center;
  if (sampling.coordinates == "half_pixel_symmetric") {
    Value part = node.div(real(double(out)), node.mul(scale, real(double(in))));
    center = node.add(center, node.mul(real(double(in) / 2), node.sub(real(1), part)));
  }
  return node.sub(center, real(0.5));
}

Value AxisSampler::nearest(Value x) {
  if (sampling.nearest == "floor")
    return node.unary(UnaryKind::Floor, x);
  if (sampling.nearest == "ceil")
    return node.unary(UnaryKind::Ceil, x);
  if (sampling.nearest == "round_prefer_ceil")
    return node.unary(UnaryKind::Floor, node.add(x, real(0.5)));
  return node.unary(UnaryKind::Ceil, node.sub(x, real(0.5)));
}

// Keys' cubic convolution at a distance in [0, 1], or in [1, 2] if it is far.
Value AxisSampler::cubic(Value d, bool isFar) {
  double a = sampling.cubicA;
  if (isFar) {
    Value sum = node.sub(node.mul(real(a), d), real(5 * a));
    sum = node.add(node.mul(sum, d), real(8 * a));
    return node.sub(node.mul(sum, d), real(4 * a));
  }
  Value sum = node.sub(node.mul(real(a + 2), d), real(a + 3));
  return node.add(node.mul(node.mul(sum, d), d), real(1));
}

SmallVector<std::pair<Value, Value>> AxisSampler::makeTaps() {
  Type i64 = node.getBuilder().getI64Type();
  auto index = [&](Value x, int64_t offset) { return node.add(node.cast(x, i64), node.constant<int64_t>({}, i64, offset)); };
  auto clamped = [&](Value at) {
    Value low = node.binary(BinaryKind::Max, at, node.constant<int64_t>({}, i64, 0));
    return node.binary(BinaryKind::Min, low, node.constant<int64_t>({}, i64, in - 1));
  };
  Value x = position();
  if (sampling.mode == "nearest")
    return {{clamped(index(nearest(x), 0)), Value()}};
  bool isCubic = sampling.mode == "cubic";
  int64_t count = isCubic ? 4 : 2, first = isCubic ? -1 : 0;
  Value base = node.unary(UnaryKind::Floor, x), part = node.sub(x, base), sum;
  SmallVector<std::pair<Value, Value>> taps;
  for (int64_t t = first; t < first + count; ++t) {
    Value distance = t <= 0 ? node.add(part, real(double(-t))) : node.sub(real(double(t)), part);
    Value weight = isCubic ? cubic(distance, t == -1 || t == 2) : node.sub(real(1), distance), at = index(base, t);
    if (sampling.excludeOutside) {
      Value isInside = node.compare(CompareKind::Equal, at, clamped(at));
      weight = node.mul(weight, node.cast(isInside, node.getBuilder().getF32Type()));
      sum = sum ? node.add(sum, weight) : weight;
    }
    taps.push_back({clamped(at), weight});
  }
  for (auto &[at, weight] : taps)
    weight = sum ? node.div(weight, sum) : weight;
  return taps;
}

LogicalResult legalize::resizeAtRunTime(NodeBinder &node, const Sampling &sampling, ArrayRef<int64_t> axes, size_t index) {
  Value y = node.operand(0), scales = node.operand(index);
  FailureOr<Shape> shape = node.shapeInsteadOf("scales");
  if (failed(shape))
    return failure();
  if (shape->size() != shapeOf(y).size() || !isF32(scales) || shapeOf(scales) != ShapeRef{int64_t(axes.size())})
    return node.fail("needs " + Twine(axes.size()) + " scales, and a result of " + Twine(shapeOf(y).size()) + " dimensions");
  if (sampling.mode != "nearest" && failed(node.needFloat(y, "X")))
    return failure();
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t in = shapeOf(y)[axis], out = (*shape)[axis];
    if (in < 1 || out < 1 || failed(node.checkTable(out)))
      return node.fail("cannot resize dimension " + Twine(axis) + " of size " + Twine(in) + " to " + Twine(out));
    if (in == 1 && out == 1)
      continue;
    Value scale = node.reshape(node.slice(scales, 0, int64_t(i), 1), {}), sum;
    Shape along(shape->size(), 1);
    along[axis] = out;
    for (auto [at, weight] : AxisSampler(node, sampling, in, out, scale).makeTaps()) {
      Value part = node.emit<nn::GatherOp>(y, at, axis);
      if (weight)
        part = node.mul(part, node.reshape(weight, along));
      sum = sum ? node.add(sum, part) : part;
    }
    y = sum;
    if (node.hasFailed())
      return failure();
  }
  if (shapeOf(y) != ShapeRef(*shape))
    return node.fail("the file declares shape " + shapeText(*shape) + ", in which a dimension differs that is not resized");
  return node.setResult(y);
}
