// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of sliding windows, automatic padding, layout.
#include "passes/legalize/handlers/Window.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

LogicalResult legalize::checkImage(NodeBinder &node, Value x) {
  size_t rank = shapeOf(x).size();
  if ((rank == 3 || rank == 4) && llvm::is_contained(shapeOf(x).drop_front(), 0))
    return node.fail("input of shape " + shapeText(shapeOf(x)) + " is empty");
  if (rank == 3 || rank == 4)
    return success();
  if (rank < 3)
    return node.fail("needs an input with batch, channels and spatial dimensions, got " + shapeText(shapeOf(x)));
  return node.fail("has " + Twine(rank - 2) + " spatial dimensions; Thimble supports one and two");
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
  ShapeRef spatial = shapeOf(x).drop_front(2);
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

Value legalize::toNHWC(NodeBinder &node, Value x) { return node.transpose(withHeight(node, x), {0, 2, 3, 1}); }

Value legalize::fromNHWC(NodeBinder &node, Value x, size_t rank) {
  Value y = node.transpose(x, {0, 3, 1, 2});
  ShapeRef shape = shapeOf(y);
  return rank == 3 && y ? node.reshape(y, {shape[0], shape[1], shape[3]}) : y;
}
