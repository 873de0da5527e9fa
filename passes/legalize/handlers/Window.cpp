// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of sliding windows, automatic padding, layout.
#include "passes/legalize/handlers/Window.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

LogicalResult legalize::checkImage(NodeBinder &node, Value x) {
  size_t rank = shapeOf(x).size();
  if (rank < 3)
    return node.fail("needs an input with batch, channels and spatial dimensions, got " + shapeText(shapeOf(x)));
  if (llvm::is_contained(shapeOf(x).drop_front(), 0))
    return node.fail("input of shape " + shapeText(shapeOf(x)) + " is empty");
  return success();
}

// Sizes beyond these are mistakes, and would take forever.
constexpr int64_t maxWindow = 65535;

// An attribute with one entry for each spatial dimension, within [least, maxWindow].
static FailureOr<Shape> readSpatial(NodeBinder &node, StringRef name, size_t count, int64_t least, int64_t fallback) {
  Shape values = node.integers(name, Shape(count, fallback));
  if (values.size() != count)
    return node.fail("attribute '" + name + "' must have " + Twine(count) + " entries, got " + Twine(values.size()));
  for (int64_t value : values)
    if (value < least || value > maxWindow)
      return node.fail("attribute '" + name + "' holds " + Twine(value) + ", which is out of range");
  return values;
}

// Pads so that the output has ceil(size / stride) positions; an odd one goes to the end (SAME_UPPER) or to the beginning.
static std::pair<int64_t, int64_t> samePads(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, bool isUpper) {
  int64_t out = (size + stride - 1) / stride;
  int64_t total = std::max<int64_t>((out - 1) * stride + dilation * (kernel - 1) + 1 - size, 0);
  int64_t small = total / 2;
  return isUpper ? std::make_pair(small, total - small) : std::make_pair(total - small, small);
}

FailureOr<Window> legalize::readWindow(NodeBinder &node, Value x, ShapeRef kernel) {
  return readWindowOfShape(node, shapeOf(x).drop_front(2), kernel);
}

FailureOr<Window> legalize::readWindowOfShape(NodeBinder &node, ShapeRef spatial, ShapeRef kernel) {
  size_t count = spatial.size();
  if (kernel.size() != count)
    return node.fail("kernel has " + Twine(kernel.size()) + " dimensions, but the input has " + Twine(count) + " spatial ones");
  for (int64_t size : kernel)
    if (size < 1 || size > maxWindow)
      return node.fail("kernel size " + Twine(size) + " is out of range");
  FailureOr<Shape> strides = readSpatial(node, "strides", count, 1, 1);
  FailureOr<Shape> dilations = readSpatial(node, "dilations", count, 1, 1);
  FailureOr<Shape> pads = readSpatial(node, "pads", 2 * count, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  StringRef automatic = node.text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    for (size_t i = 0; i < count; ++i)
      std::tie((*pads)[i], (*pads)[count + i]) =
          samePads(spatial[i], kernel[i], (*strides)[i], (*dilations)[i], automatic == "SAME_UPPER");
  } else if (automatic == "VALID") {
    pads->assign(2 * count, 0);
  } else if (automatic != "NOTSET" && !automatic.empty()) {
    return node.fail("attribute 'auto_pad' is '" + automatic + "', which is none of ONNX's values");
  }
  Window window{Shape(kernel), *strides, *dilations, *pads};
  if (count == 1) {
    window.kernel.insert(window.kernel.begin(), 1);
    window.strides.insert(window.strides.begin(), 1);
    window.dilations.insert(window.dilations.begin(), 1);
    window.pads = {0, (*pads)[0], 0, (*pads)[1]};
  }
  return window;
}

Value legalize::withHeight(NodeBinder &node, Value x) {
  ShapeRef shape = shapeOf(x);
  return shape.size() == 3 ? node.reshape(x, {shape[0], shape[1], 1, shape[2]}) : x;
}

Value legalize::toChannelsLast(NodeBinder &node, Value x) {
  x = withHeight(node, x);
  Shape order{0};
  for (size_t i = 2; i < shapeOf(x).size(); ++i)
    order.push_back(int64_t(i));
  order.push_back(1);
  return node.transpose(x, order);
}

Value legalize::fromChannelsLast(NodeBinder &node, Value x, size_t rank) {
  Shape order{0, int64_t(shapeOf(x).size()) - 1};
  for (size_t i = 1; i + 1 < shapeOf(x).size(); ++i)
    order.push_back(int64_t(i));
  Value y = node.transpose(x, order);
  ShapeRef shape = shapeOf(y);
  return rank == 3 && y ? node.reshape(y, {shape[0], shape[1], shape[3]}) : y;
}

// The window without its first dimension.
static Window withoutFirst(const Window &window) {
  auto rest = [](ShapeRef numbers) { return Shape(numbers.drop_front()); };
  size_t rank = window.rank();
  Shape pads = rest(ShapeRef(window.pads).take_front(rank));
  llvm::append_range(pads, ShapeRef(window.pads).drop_front(rank + 1));
  return {rest(window.kernel), rest(window.strides), rest(window.dilations), pads};
}

Value legalize::convolve(NodeBinder &node, Value x, Value w, Value bias, const Window &window, int64_t groups) {
  if (window.rank() == 2)
    return node.emit<nn::Conv2DOp>(x, w, bias, window.strides, window.pads, window.dilations, groups, FloatAttr(), FloatAttr());
  Shape before(window.rank() + 2, 0), after(before);
  before[1] = window.pads[0];
  after[1] = window.pads[window.rank()];
  Value padded = node.emit<nn::PadOp>(nn::PadMode::Constant, x, before, after, llvm::APFloat(0.0));
  if (!padded || !w)
    return {};
  if (window.kernel[0] > 256) {
    (void)node.fail("kernel of size " + Twine(window.kernel[0]) + " in the first of " + Twine(window.rank()) +
                    " dimensions is too large to be unrolled");
    return {};
  }
  // Each tap of the first dimension is a convolution of the slices that it meets, as a larger batch.
  int64_t span = shapeOf(padded)[1] - window.dilations[0] * (window.kernel[0] - 1) - 1;
  if (span < 0) {
    (void)node.fail("kernel of size " + Twine(window.kernel[0]) + " with dilation " + Twine(window.dilations[0]) +
                    " is larger than the padded input of size " + Twine(shapeOf(padded)[1]));
    return {};
  }
  Shape sizes(shapeOf(padded)), offsets(sizes.size(), 0), strides(sizes.size(), 1), kernel(shapeOf(w));
  sizes[1] = span / window.strides[0] + 1;
  strides[1] = window.strides[0];
  kernel.erase(kernel.begin() + 1);
  Shape slices(sizes);
  slices[1] *= slices[0];
  slices.erase(slices.begin());
  Value y;
  for (int64_t tap = 0; tap < window.kernel[0]; ++tap) {
    offsets[1] = tap * window.dilations[0];
    Value part = node.reshape(node.emit<nn::SliceOp>(padded, offsets, sizes, strides), slices);
    Value weights = node.reshape(node.slice(w, 1, tap, 1), kernel);
    Value sum = convolve(node, part, weights, y ? Value() : bias, withoutFirst(window), groups);
    y = y ? node.add(y, sum) : sum;
    if (node.hasFailed())
      return {};
  }
  Shape result(shapeOf(y));
  result[0] = sizes[1];
  result.insert(result.begin(), sizes[0]);
  return node.reshape(y, result);
}
