// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Resize and Upsample: weighted gathers along each dimension, with indices and weights that are computed here.
#include "passes/legalize/handlers/Resize.h"
#include "passes/legalize/handlers/Handlers.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

namespace {

// One input position and its weight for each output position.
struct Tap {
  Shape indices;
  std::vector<float> weights;
};

} // namespace

// Position in the input of position `i` of the output.
static double sourceOf(const Sampling &sampling, int64_t i, int64_t in, int64_t out, double scale) {
  if (sampling.coordinates == "align_corners") // of the size before it was rounded, as in ONNX's reference
    return out == 1 ? 0 : double(i) * double(in - 1) / (scale * double(in) - 1);
  if (sampling.coordinates == "asymmetric")
    return double(i) / scale;
  if (sampling.coordinates == "tf_half_pixel_for_nn")
    return (double(i) + 0.5) / scale;
  if (sampling.coordinates == "pytorch_half_pixel" && out == 1)
    return 0;
  if (sampling.coordinates == "half_pixel_symmetric") { // keeps the centre when scale * in is not whole
    double center = double(in) / 2, offset = center * (1 - double(out) / (scale * double(in)));
    return offset + (double(i) + 0.5) / scale - 0.5;
  }
  return (double(i) + 0.5) / scale - 0.5;
}

static int64_t nearestOf(const Sampling &sampling, double x) {
  if (sampling.nearest == "floor")
    return int64_t(std::floor(x));
  if (sampling.nearest == "ceil")
    return int64_t(std::ceil(x));
  if (sampling.nearest == "round_prefer_ceil")
    return int64_t(std::floor(x + 0.5));
  return int64_t(std::ceil(x - 0.5)); // round_prefer_floor
}

// Weight of a position at distance `d` under Keys' cubic convolution.
static double cubicWeight(double d, double a) {
  d = std::abs(d);
  if (d <= 1)
    return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static std::vector<Tap> makeTaps(const Sampling &sampling, int64_t in, int64_t out, double scale) {
  bool isNearest = sampling.mode == "nearest", isLinear = sampling.mode == "linear";
  // Against aliasing, the weights are those of distances in the output, over as many elements as that takes.
  double shrink = sampling.antialias && !isNearest ? std::max(std::min(scale, 1.0), 1e-4) : 1;
  int64_t count = isNearest ? 1 : 2 * int64_t(std::ceil((isLinear ? 1 : 2) / shrink));
  bool isNormalized = sampling.excludeOutside || shrink < 1;
  std::vector<Tap> taps(static_cast<size_t>(count));
  for (int64_t i = 0; i < out; ++i) {
    double x = std::min(std::max(sourceOf(sampling, i, in, out, scale), -0x1p31), 0x1p31), sum = 0;
    int64_t base = isNearest ? nearestOf(sampling, x) : int64_t(std::floor(x)) - (count / 2 - 1);
    std::vector<double> weights;
    for (int64_t t = 0; t < count; ++t) {
      double distance = (x - double(base + t)) * shrink;
      double weight = isNearest ? 1 : isLinear ? std::max(1 - std::abs(distance), 0.0) : cubicWeight(distance, sampling.cubicA);
      bool isOutside = base + t < 0 || base + t >= in;
      weights.push_back(sampling.excludeOutside && isOutside ? 0 : weight);
      sum += weights.back();
    }
    for (int64_t t = 0; t < count; ++t) {
      taps[t].indices.push_back(std::min(std::max<int64_t>(base + t, 0), in - 1));
      taps[t].weights.push_back(float(isNormalized ? weights[t] / sum : weights[t]));
    }
  }
  return taps;
}

static Value resizeAxis(NodeBinder &node, Value x, size_t axis, const std::vector<Tap> &taps) {
  if (node.hasFailed())
    return {};
  Shape weightShape(shapeOf(x).size(), 1);
  int64_t out = weightShape[axis] = int64_t(taps[0].indices.size());
  Value y;
  for (const Tap &tap : taps) {
    Value part = node.emit<nn::GatherOp>(x, node.integerVector(tap.indices), axis);
    if (taps.size() > 1)
      part = node.mul(part, node.reshape(node.constant<float>({out}, elementOf(x), tap.weights), weightShape));
    y = y ? node.add(y, part) : part;
  }
  return y;
}

// Resizes dimension axes[i] to sizes[i] with the scale scales[i].
static LogicalResult resize(NodeBinder &node, const Sampling &sampling, ShapeRef axes, ShapeRef sizes,
                            ArrayRef<double> scales) {
  Value x = node.operand(0);
  Type element = elementOf(x);
  // Copying elements is possible for all types; mixing them is for floats.
  if (sampling.mode != "nearest" && failed(node.needFloat(x, "X")))
    return failure();
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t in = shapeOf(x)[axis];
    if (in == 0 || sizes[i] < 1 || sizes[i] > INT32_MAX || !(scales[i] > 0))
      return node.fail("cannot resize dimension " + Twine(axis) + " of shape " + shapeText(shapeOf(x)) + " to " +
                       Twine(sizes[i]));
    double reach = sampling.antialias ? std::max(4 / std::max(scales[i], 1e-4), 4.0) : 4; // elements that mix
    if (failed(node.checkTable(sizes[i])) || failed(node.checkTable(int64_t(double(sizes[i]) * reach))))
      return failure();
    std::vector<Tap> taps = makeTaps(sampling, in, sizes[i], scales[i]);
    bool isIdentity = in == sizes[i];
    for (int64_t k = 0; isIdentity && k < in; ++k)
      for (const Tap &tap : taps)
        isIdentity = isIdentity && (tap.weights[k] == 0 || (tap.indices[k] == k && tap.weights[k] == 1));
    if (!isIdentity)
      x = resizeAxis(node, x, size_t(axis), taps);
    if (node.hasFailed())
      return failure();
  }
  return node.setResult(node.cast(x, element));
}

// Elements of a float operand that must be known; empty if it is left out.
static FailureOr<SmallVector<double>> constantReals(NodeBinder &node, size_t index, StringRef name) {
  SmallVector<double> numbers;
  Value value = node.operand(index);
  if (!value)
    return numbers;
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (failed(data) || !isF32(value))
    return node.fail("input '" + name + "' must be floats that are known at compile time");
  for (int64_t i = 0; i < data->size(); ++i)
    numbers.push_back(data->number(i));
  return numbers;
}

// A size as an integer; 0, which is refused later, if it is out of range.
static int64_t toSize(double size) { return size >= 1 && size <= INT32_MAX ? int64_t(size) : 0; }

// Sizes from scales, by ONNX's rule floor(size * scale).
static LogicalResult resizeByScales(NodeBinder &node, const Sampling &sampling, ShapeRef axes, ArrayRef<double> scales) {
  Shape sizes;
  if (scales.size() != axes.size())
    return node.fail("needs " + Twine(axes.size()) + " scales, got " + Twine(scales.size()));
  for (auto [axis, scale] : llvm::zip(axes, scales))
    sizes.push_back(toSize(std::floor(double(shapeOf(node.operand(0))[axis]) * scale)));
  return resize(node, sampling, axes, sizes, scales);
}

static LogicalResult resizeBySizes(NodeBinder &node, const Sampling &sampling, ShapeRef axes, Shape sizes) {
  ShapeRef shape = shapeOf(node.operand(0));
  StringRef policy = node.getOpset() >= 18 ? node.text("keep_aspect_ratio_policy", "stretch") : "stretch";
  if (sizes.size() != axes.size())
    return node.fail("needs " + Twine(axes.size()) + " sizes, got " + Twine(sizes.size()));
  SmallVector<double> scales;
  for (auto [axis, size] : llvm::zip(axes, sizes))
    scales.push_back(double(size) / double(shape[axis]));
  if (scales.empty())
    return node.setResult(node.operand(0));
  if (policy == "not_larger" || policy == "not_smaller") {
    double common = policy == "not_larger" ? *llvm::min_element(scales) : *llvm::max_element(scales);
    for (auto [i, axis] : llvm::enumerate(axes)) {
      scales[i] = common;
      sizes[i] = toSize(std::floor(double(shape[axis]) * common + 0.5));
    }
  } else if (policy != "stretch") {
    return node.fail("attribute 'keep_aspect_ratio_policy' is '" + policy + "', which is none of ONNX's values");
  }
  return resize(node, sampling, axes, sizes, scales);
}

static LogicalResult checkSampling(NodeBinder &node, const Sampling &sampling) {
  auto isIn = [](StringRef name, std::initializer_list<StringRef> names) { return llvm::is_contained(names, name); };
  if (!isIn(sampling.mode, {"nearest", "linear", "cubic"}))
    return node.fail("attribute 'mode' is '" + sampling.mode + "', which is not supported");
  if (!isIn(sampling.coordinates, {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
                                   "tf_half_pixel_for_nn", "tf_crop_and_resize"}))
    return node.fail("attribute 'coordinate_transformation_mode' is '" + sampling.coordinates + "', which is not supported");
  if (!isIn(sampling.nearest, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}))
    return node.fail("attribute 'nearest_mode' is '" + sampling.nearest + "', which is none of ONNX's values");
  return success(!node.hasFailed());
}

static LogicalResult legalizeResize11(NodeBinder &node) {
  node.ignore({"extrapolation_value"}); // which only tf_crop_and_resize reads
  Sampling sampling;
  sampling.mode = node.text("mode", "nearest");
  sampling.coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  sampling.nearest = node.text("nearest_mode", "round_prefer_floor");
  sampling.cubicA = node.real("cubic_coeff_a", -0.75f);
  sampling.excludeOutside = node.flag("exclude_outside", false);
  size_t rank = shapeOf(node.operand(0)).size();
  Shape axes = sequence(0, rank);
  if (node.getOpset() >= 18) {
    sampling.antialias = node.flag("antialias", false);
    if (node.has("axes"))
      axes = node.integers("axes");
    if (failed(node.axes(axes, rank)))
      return failure();
    for (int64_t &axis : axes) // in the order of the sizes
      axis = axis < 0 ? axis + int64_t(rank) : axis;
  }
  if (sampling.coordinates == "tf_crop_and_resize")
    return failed(checkSampling(node, sampling)) ? failure() : cropAndResize(node, sampling, axes);
  if (Value scales = node.operand(2); scales && !isConstant(scales) && sampling.antialias)
    return node.fail("attribute 'antialias' needs scales that are known at compile time");
  if (Value scales = node.operand(2); scales && !isConstant(scales))
    return failed(checkSampling(node, sampling)) ? failure() : resizeAtRunTime(node, sampling, axes, 2);
  FailureOr<SmallVector<double>> scales = constantReals(node, 2, "scales");
  if (failed(checkSampling(node, sampling)) || failed(scales))
    return failure();
  // Operator set 11 wrote an empty tensor where later ones leave the input out.
  if (!scales->empty())
    return resizeByScales(node, sampling, axes, *scales);
  if (node.operand(3) && !isConstant(node.operand(3))) {
    FailureOr<Shape> shape = node.shapeInsteadOf("sizes");
    if (failed(shape))
      return failure();
    if (shape->size() != rank)
      return node.fail("the file declares a result of " + Twine(shape->size()) + " dimensions for an input of " + Twine(rank));
    Shape declared;
    for (int64_t axis : axes)
      declared.push_back((*shape)[axis]);
    return resizeBySizes(node, sampling, axes, declared);
  }
  FailureOr<Shape> sizes = node.constantIntegers(3, "sizes");
  return failed(sizes) ? failure() : resizeBySizes(node, sampling, axes, *sizes);
}

// Upsample, and Resize as it was in operator set 10.
static LogicalResult legalizeUpsample(NodeBinder &node) {
  Sampling sampling{node.text("mode", "nearest"), "asymmetric", "floor"};
  if (sampling.mode == "bilinear")
    sampling.mode = "linear";
  Shape axes = sequence(0, shapeOf(node.operand(0)).size());
  if (failed(checkSampling(node, sampling)))
    return failure();
  if (node.getOpType() == "Upsample" && node.getOpset() < 9) {
    SmallVector<double> scales;
    SmallVector<float> given = node.reals("scales");
    scales.append(given.begin(), given.end());
    return resizeByScales(node, sampling, axes, scales);
  }
  if (!isConstant(node.operand(1)))
    return resizeAtRunTime(node, sampling, axes, 1);
  FailureOr<SmallVector<double>> scales = constantReals(node, 1, "scales");
  return failed(scales) ? failure() : resizeByScales(node, sampling, axes, *scales);
}

// Of operator set 1: height and width of images.
static LogicalResult legalizeUpsample1(NodeBinder &node) {
  Sampling sampling{node.text("mode", "nearest"), "asymmetric", "floor"};
  if (sampling.mode == "bilinear")
    sampling.mode = "linear";
  if (shapeOf(node.operand(0)).size() != 4)
    return node.fail("needs an image of 4 dimensions, got " + shapeText(shapeOf(node.operand(0))));
  SmallVector<double> scales{node.real("height_scale", 0), node.real("width_scale", 0)};
  return failed(checkSampling(node, sampling)) ? failure() : resizeByScales(node, sampling, {2, 3}, scales);
}

void legalize::registerResizes(Registry &registry) {
  registry.add("Upsample", {1}, {1, 1}, legalizeUpsample1);
  registry.add("Upsample", {7}, {1, 1}, legalizeUpsample);
  registry.add("Upsample", {9, 10}, {2, 2}, legalizeUpsample);
  registry.add("Resize", {10}, {2, 2}, legalizeUpsample);
  registry.add("Resize", {11, 13, 18, 19}, {1, 4}, legalizeResize11);
}
