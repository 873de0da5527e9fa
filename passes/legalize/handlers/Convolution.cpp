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
  Value weights = toChannelsLast(node, w);
  Value y = convolve(node, toChannelsLast(node, x), weights, node.operand(2), *window, groups);
  return node.setResult(fromChannelsLast(node, y, shapeOf(x).size()));
}

// Sizes of the result, and its pads, by ONNX's rules for output_shape, auto_pad, pads and output_padding. All with a height.
static FailureOr<Shape> transposedSizes(NodeBinder &node, Value x, Window &window) {
  ShapeRef spatial = shapeOf(x).drop_front(2);
  size_t count = spatial.size(), rank = window.rank();
  Shape sizes = node.integers("output_shape"), extra = node.integers("output_padding", Shape(count, 0));
  StringRef automatic = node.text("auto_pad", "NOTSET");
  if (sizes.size() == count + 2) // some exporters include batch and channels
    sizes.erase(sizes.begin(), sizes.begin() + 2);
  if ((!sizes.empty() && sizes.size() != count) || extra.size() != count)
    return node.fail("attributes 'output_shape' and 'output_padding' must have " + Twine(count) + " entries");
  bool isSame = automatic == "SAME_UPPER" || automatic == "SAME_LOWER", isGiven = !sizes.empty();
  Shape result(rank, 1);
  for (size_t i = 0; i < count; ++i) {
    size_t d = rank - count + i;
    if (extra[i] < 0 || extra[i] > INT32_MAX || (isGiven && (sizes[i] < 1 || sizes[i] > INT32_MAX)))
      return node.fail("attributes 'output_shape' and 'output_padding' must be in range");
    int64_t full = window.strides[d] * (spatial[i] - 1) + extra[i] + window.dilations[d] * (window.kernel[d] - 1) + 1;
    if (!isGiven && !isSame) {
      result[d] = full - window.pads[d] - window.pads[d + rank];
      continue;
    }
    result[d] = isGiven ? sizes[i] : spatial[i] * window.strides[d];
    int64_t total = std::max<int64_t>(full - result[d], 0);
    window.pads[d] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    window.pads[d + rank] = total - window.pads[d];
  }
  if (llvm::any_of(result, [](int64_t size) { return size < 1; }))
    return node.fail("pads are larger than the output");
  return result;
}

// [in_c, out_c / groups, kernel...] to [out_c, kernel..., in_c / groups], with the kernel turned around.
static Value transposedWeights(NodeBinder &node, Value w, int64_t groups) {
  w = withHeight(node, w);
  if (!w)
    return {};
  Shape split(shapeOf(w)), order{0};
  split[0] /= groups;
  split.insert(split.begin(), groups);
  for (size_t i = 2; i < split.size(); ++i)
    order.push_back(int64_t(i));
  order.push_back(1);
  Shape moved(ShapeRef(split).drop_front(2)), offsets(moved.size() + 1, 0), strides(moved.size() + 1, 1);
  moved[0] *= groups;
  moved.push_back(split[1]);
  for (size_t i = 1; i + 1 < moved.size(); ++i) {
    offsets[i] = moved[i] - 1;
    strides[i] = -1;
  }
  return node.emit<nn::SliceOp>(node.reshape(node.transpose(node.reshape(w, split), order), moved), offsets, moved, strides);
}

Value legalize::convolveTransposed(NodeBinder &node, Value x, Value w, Value bias, const Window &window, ShapeRef sizes,
                                   int64_t groups) {
  Value image = toChannelsLast(node, x);
  if (!image)
    return {};
  // A convolution of the input with strides - 1 zeros behind each position, so that no kernel of its own is needed.
  size_t rank = window.rank();
  Shape in(shapeOf(image)), wide{in[0]}, zeros{0}, dense(in);
  for (size_t d = 0; d < rank; ++d) {
    wide.append({in[d + 1], 1});
    zeros.append({0, window.strides[d] - 1});
    dense[d + 1] *= window.strides[d];
  }
  wide.push_back(in.back());
  zeros.push_back(0);
  Value spread =
      node.emit<nn::PadOp>(nn::PadMode::Constant, node.reshape(image, wide), Shape(wide.size(), 0), zeros, llvm::APFloat(0.0));
  spread = node.reshape(spread, dense);
  // Where a window would begin or end inside the image, the image is cropped; elsewhere it is padded.
  Shape before(rank + 2, 0), after(rank + 2, 0), pads(2 * rank, 0);
  for (size_t d = 0; d < rank; ++d) {
    int64_t reach = window.dilations[d] * (window.kernel[d] - 1);
    before[d + 1] = reach - window.pads[d];
    after[d + 1] = sizes[d] - dense[d + 1] - before[d + 1] + reach;
    pads[d] = std::max<int64_t>(before[d + 1], 0);
    pads[d + rank] = std::max<int64_t>(after[d + 1], 0);
    before[d + 1] = std::min<int64_t>(before[d + 1], 0);
    after[d + 1] = std::min<int64_t>(after[d + 1], 0);
  }
  Value cropped = node.emit<nn::PadOp>(nn::PadMode::Constant, spread, before, after, llvm::APFloat(0.0));
  Value y = convolve(node, cropped, transposedWeights(node, w, groups), bias,
                     {window.kernel, Shape(rank, 1), window.dilations, pads}, groups);
  return fromChannelsLast(node, y, shapeOf(x).size());
}

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
  return failed(sizes) ? failure() : node.setResult(convolveTransposed(node, x, w, node.operand(2), *window, *sizes, groups));
}

void legalize::registerConvolutions(Registry &registry) {
  registry.add("Conv", {1, 11, 22}, {2, 3}, legalizeConv);
  registry.add("ConvTranspose", {1, 11, 22}, {2, 3}, legalizeConvTranspose);
}
