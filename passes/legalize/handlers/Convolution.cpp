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

// Kernels of a convolution for each of the strides' phases: [in_c, out_c / groups, kernel...] to [groups * phases * out_c / groups,
// taps..., in_c / groups]. Along a dimension of stride s, output s * q + r is the sum over t of input q - t times weight s * t + r.
static Value phaseWeights(NodeBinder &node, Value w, const Window &window, ShapeRef taps, int64_t groups) {
  w = withHeight(node, w);
  if (!w)
    return {};
  size_t rank = window.rank();
  Shape padding(rank + 2, 0), split{groups, shapeOf(w)[0] / groups, shapeOf(w)[1]}, order{0}, moved{shapeOf(w)[1] * groups};
  for (size_t d = 0; d < rank; ++d) {
    padding[d + 2] = taps[d] * window.strides[d] - window.kernel[d];
    split.append({taps[d], window.strides[d]});
    order.push_back(int64_t(4 + 2 * d));
    moved[0] *= window.strides[d];
  }
  order.push_back(2);
  for (size_t d = 0; d < rank; ++d)
    order.push_back(int64_t(3 + 2 * d));
  order.push_back(1);
  llvm::append_range(moved, taps);
  moved.push_back(split[1]);
  if (llvm::any_of(padding, [](int64_t size) { return size > 0; }))
    w = node.emit<nn::PadOp>(nn::PadMode::Constant, w, Shape(rank + 2, 0), padding, llvm::APFloat(0.0));
  w = node.reshape(node.transpose(node.reshape(w, split), order), moved);
  Shape offsets(rank + 2, 0), strides(rank + 2, 1);
  for (size_t d = 0; d < rank; ++d) {
    offsets[d + 1] = taps[d] - 1;
    strides[d + 1] = -1;
  }
  return w ? node.emit<nn::SliceOp>(w, offsets, moved, strides) : Value();
}

// One value for each output channel, for each phase.
static Value phaseBias(NodeBinder &node, Value bias, int64_t phases, int64_t groups) {
  if (!bias)
    return {};
  int64_t perGroup = shapeOf(bias)[0] / groups;
  bias = node.broadcast(node.reshape(bias, {groups, 1, perGroup}), {groups, phases, perGroup});
  return node.reshape(bias, {groups * phases * perGroup});
}

// Pads where `before` and `after` are positive, crops where they are negative: the input of a convolution, and its pads.
static Value cropForPads(NodeBinder &node, Value image, Shape before, Shape after, Shape &pads) {
  size_t rank = before.size() - 2;
  pads.assign(2 * rank, 0);
  for (size_t d = 0; d < rank; ++d) {
    pads[d] = std::max<int64_t>(before[d + 1], 0);
    pads[d + rank] = std::max<int64_t>(after[d + 1], 0);
    before[d + 1] = std::min<int64_t>(before[d + 1], 0);
    after[d + 1] = std::min<int64_t>(after[d + 1], 0);
  }
  auto isZero = [](ShapeRef sizes) { return llvm::all_of(sizes, [](int64_t size) { return size == 0; }); };
  if (isZero(before) && isZero(after))
    return image;
  return node.emit<nn::PadOp>(nn::PadMode::Constant, image, before, after, llvm::APFloat(0.0));
}

// One convolution with the kernels of all phases (sub-pixel convolution, Shi et al. 2016), whose results interleave.
static Value convolvePhases(NodeBinder &node, Value image, Value w, Value bias, const Window &window, ShapeRef sizes,
                            int64_t groups) {
  size_t rank = window.rank();
  int64_t batch = shapeOf(image)[0], perGroup = shapeOf(w)[1], phases = 1;
  Shape taps(rank), first(rank), count(rank), before(rank + 2, 0), after(rank + 2, 0), pads;
  for (size_t d = 0; d < rank; ++d) {
    int64_t stride = window.strides[d];
    taps[d] = (window.kernel[d] + stride - 1) / stride;
    first[d] = window.pads[d] / stride;
    count[d] = (window.pads[d] + sizes[d] + stride - 1) / stride - first[d];
    before[d + 1] = taps[d] - 1 - first[d];
    after[d + 1] = first[d] + count[d] - shapeOf(image)[d + 1];
    phases *= stride;
  }
  Value cropped = cropForPads(node, image, before, after, pads);
  Value y = convolve(node, cropped, phaseWeights(node, w, window, taps, groups), phaseBias(node, bias, phases, groups),
                     {taps, Shape(rank, 1), Shape(rank, 1), pads}, groups);
  // [batch, count..., groups, strides..., channels] to [batch, count and stride of each dimension..., groups, channels]
  Shape split{batch}, order{0}, joined{batch}, offsets{0}, result{batch};
  llvm::append_range(split, count);
  split.push_back(groups);
  llvm::append_range(split, window.strides);
  split.push_back(perGroup);
  for (size_t d = 0; d < rank; ++d) {
    order.append({int64_t(1 + d), int64_t(2 + rank + d)});
    joined.push_back(count[d] * window.strides[d]);
    offsets.push_back(window.pads[d] - first[d] * window.strides[d]);
    result.push_back(sizes[d]);
  }
  order.append({int64_t(1 + rank), int64_t(2 + 2 * rank)});
  for (Shape *shape : {&joined, &result})
    shape->push_back(groups * perGroup);
  offsets.push_back(0);
  y = node.reshape(node.transpose(node.reshape(y, split), order), joined);
  return y ? node.emit<nn::SliceOp>(y, offsets, result, Shape(rank + 2, 1)) : Value();
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
  bool isDense = llvm::all_of(window.dilations, [](int64_t dilation) { return dilation == 1; });
  bool hasPhases = llvm::any_of(window.strides, [](int64_t stride) { return stride > 1; });
  if (isDense && hasPhases)
    return fromChannelsLast(node, convolvePhases(node, image, w, bias, window, sizes, groups), shapeOf(x).size());
  // A convolution of the input with strides - 1 zeros behind each position.
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
  Shape before(rank + 2, 0), after(rank + 2, 0), pads;
  for (size_t d = 0; d < rank; ++d) {
    int64_t reach = window.dilations[d] * (window.kernel[d] - 1);
    before[d + 1] = reach - window.pads[d];
    after[d + 1] = sizes[d] - dense[d + 1] - before[d + 1] + reach;
  }
  Value cropped = cropForPads(node, spread, before, after, pads);
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
