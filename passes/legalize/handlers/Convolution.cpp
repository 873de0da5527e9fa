// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conv and ConvTranspose.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Window.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// What Conv and ConvTranspose demand of their operands.
static LogicalResult checkOperands(NodeBinder &node) {
  Value x = node.operand(0), w = node.operand(1), b = node.operand(2);
  if (failed(checkImage(node, x)) || failed(node.needFloat(x, "X")) || failed(node.needFloat(w, "W")) ||
      failed(node.needFloat(b, "B")))
    return failure();
  if (shapeOf(w).size() != shapeOf(x).size())
    return node.fail("weights of shape " + shapeText(shapeOf(w)) + " do not fit an input of shape " + shapeText(shapeOf(x)));
  Shape kernel = node.integers("kernel_shape", shapeOf(w).drop_front(2));
  if (ShapeRef(kernel) != shapeOf(w).drop_front(2))
    return node.fail("attribute 'kernel_shape' is " + shapeText(kernel) + ", but the weights have shape " +
                     shapeText(shapeOf(w)));
  return success();
}

static LogicalResult legalizeConv(NodeBinder &node) {
  if (failed(checkOperands(node)))
    return failure();
  Value x = node.operand(0), w = node.operand(1);
  int64_t groups = node.integer("group", 1);
  FailureOr<Window> window = readWindow(node, x, shapeOf(w).drop_front(2));
  if (failed(window))
    return failure();
  Value weights = node.transpose(withHeight(node, w), {0, 2, 3, 1}); // OIHW to OHWI
  Value y = node.emit<nn::Conv2DOp>(toNHWC(node, x), weights, node.operand(2), window->strides, window->pads, window->dilations,
                                    groups, FloatAttr(), FloatAttr());
  return node.setResult(fromNHWC(node, y, shapeOf(x).size()));
}

// Sizes of the result, and its pads, by ONNX's rules for output_shape, auto_pad, pads and output_padding. All in 2-D.
static FailureOr<Shape> transposedSizes(NodeBinder &node, Value x, Window &window) {
  ShapeRef spatial = shapeOf(x).drop_front(2);
  size_t count = spatial.size();
  Shape sizes = node.integers("output_shape"), extra = node.integers("output_padding", Shape(count, 0));
  StringRef automatic = node.text("auto_pad", "NOTSET");
  if (sizes.size() == count + 2) // some exporters include batch and channels
    sizes.erase(sizes.begin(), sizes.begin() + 2);
  if ((!sizes.empty() && sizes.size() != count) || extra.size() != count)
    return node.fail("attributes 'output_shape' and 'output_padding' must have " + Twine(count) + " entries");
  bool isSame = automatic == "SAME_UPPER" || automatic == "SAME_LOWER", isGiven = !sizes.empty();
  Shape result(2, 1);
  for (size_t i = 0; i < count; ++i) {
    size_t d = 2 - count + i;
    if (extra[i] < 0 || extra[i] > INT32_MAX || (isGiven && (sizes[i] < 1 || sizes[i] > INT32_MAX)))
      return node.fail("attributes 'output_shape' and 'output_padding' must be in range");
    int64_t full = window.strides[d] * (spatial[i] - 1) + extra[i] + window.dilations[d] * (window.kernel[d] - 1) + 1;
    if (!isGiven && !isSame) {
      result[d] = full - window.pads[d] - window.pads[d + 2];
      continue;
    }
    result[d] = isGiven ? sizes[i] : spatial[i] * window.strides[d];
    int64_t total = std::max<int64_t>(full - result[d], 0);
    window.pads[d] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    window.pads[d + 2] = total - window.pads[d];
  }
  if (result[0] < 1 || result[1] < 1)
    return node.fail("pads are larger than the output");
  return result;
}

// [in_c, out_c / groups, h, w] to OHWI, with the kernel turned around.
static Value transposedWeights(NodeBinder &node, Value w, int64_t groups) {
  w = withHeight(node, w);
  ShapeRef s = shapeOf(w);
  if (s.size() != 4)
    return {};
  Value split = node.reshape(w, {groups, s[0] / groups, s[1], s[2], s[3]});
  Value moved = node.reshape(node.transpose(split, {0, 2, 3, 4, 1}), {groups * s[1], s[2], s[3], s[0] / groups});
  return node.emit<nn::SliceOp>(moved, Shape{0, s[2] - 1, s[3] - 1, 0}, Shape{groups * s[1], s[2], s[3], s[0] / groups},
                                Shape{1, -1, -1, 1});
}

// A convolution of the input with strides - 1 zeros behind each position, so that no kernel of its own is needed.
static LogicalResult legalizeConvTranspose(NodeBinder &node) {
  if (failed(checkOperands(node)))
    return failure();
  Value x = node.operand(0), w = node.operand(1);
  int64_t groups = node.integer("group", 1);
  if (groups < 1 || shapeOf(x)[1] % groups != 0 || shapeOf(w)[0] != shapeOf(x)[1])
    return node.fail("weights of shape " + shapeText(shapeOf(w)) + " do not fit an input of shape " + shapeText(shapeOf(x)) +
                     " in " + Twine(groups) + " groups");
  FailureOr<Window> window = readWindow(node, x, shapeOf(w).drop_front(2));
  if (failed(window))
    return failure();
  FailureOr<Shape> sizes = transposedSizes(node, x, *window);
  Value image = toNHWC(node, x);
  if (failed(sizes) || !image)
    return failure();
  Shape in(shapeOf(image)), zeros = {0, 0, window->strides[0] - 1, 0, window->strides[1] - 1, 0};
  Value spread = node.emit<nn::PadOp>(nn::PadMode::Constant, node.reshape(image, {in[0], in[1], 1, in[2], 1, in[3]}),
                                      Shape(6, 0), zeros, llvm::APFloat(0.0));
  spread = node.reshape(spread, {in[0], in[1] * window->strides[0], in[2] * window->strides[1], in[3]});
  // Where a window would begin or end inside the image, the image is cropped; elsewhere it is padded.
  Shape before(4, 0), after(4, 0), pads(4, 0);
  for (int d = 0; d < 2; ++d) {
    int64_t reach = window->dilations[d] * (window->kernel[d] - 1);
    before[d + 1] = reach - window->pads[d];
    after[d + 1] = (*sizes)[d] - in[d + 1] * window->strides[d] - before[d + 1] + reach;
    pads[d] = std::max<int64_t>(before[d + 1], 0);
    pads[d + 2] = std::max<int64_t>(after[d + 1], 0);
    before[d + 1] = std::min<int64_t>(before[d + 1], 0);
    after[d + 1] = std::min<int64_t>(after[d + 1], 0);
  }
  Value cropped = node.emit<nn::PadOp>(nn::PadMode::Constant, spread, before, after, llvm::APFloat(0.0));
  Value y = node.emit<nn::Conv2DOp>(cropped, transposedWeights(node, w, groups), node.operand(2), Shape{1, 1}, pads,
                                    window->dilations, groups, FloatAttr(), FloatAttr());
  return node.setResult(fromNHWC(node, y, shapeOf(x).size()));
}

void legalize::registerConvolutions(Registry &registry) {
  registry.add("Conv", {1, 11, 22}, {2, 3}, legalizeConv);
  registry.add("ConvTranspose", {1, 11, 22}, {2, 3}, legalizeConvTranspose);
}
