// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// MaxPool, AveragePool, LpPool, their global forms, and MaxUnpool.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Window.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// By how much ceil_mode lets the last window reach past the padded input. ONNX drops a last window that would start past the
// input and its leading pad.
static int64_t ceilExtra(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t before, int64_t after) {
  int64_t span = size + before + after - dilation * (kernel - 1) - 1;
  if (span < 0)
    return 0;
  int64_t out = (span + stride - 1) / stride + 1;
  if ((out - 1) * stride >= size + before)
    --out;
  return std::max<int64_t>((out - 1) * stride - span, 0);
}

// By how much each dimension's last window reaches past the padded input.
static Shape ceilExtras(NodeBinder &node, ShapeRef spatial, const Window &window) {
  size_t rank = window.rank();
  Shape extra(rank, 0);
  if (!node.flag("ceil_mode", false))
    return extra;
  for (size_t d = 0; d < rank; ++d)
    extra[d] =
        ceilExtra(spatial[d], window.kernel[d], window.strides[d], window.dilations[d], window.pads[d], window.pads[d + rank]);
  return extra;
}

// Three and more dimensions one after the other: maxima and averages of boxes are those of their rows.
static Value poolEachDimension(NodeBinder &node, nn::PoolKind kind, Value x, const Window &window, bool countIncludesPad) {
  size_t rank = window.rank();
  Shape extra = ceilExtras(node, shapeOf(x).drop_front(2), window);
  for (size_t d = 0; d < rank; ++d) {
    Shape shape(shapeOf(x));
    int64_t inner = *elementCount(ShapeRef(shape).drop_front(d + 3)), outer = *elementCount(ShapeRef(shape).take_front(d + 2));
    Value image = node.reshape(x, {outer, shape[d + 2], 1, inner});
    Value y = node.emit<nn::Pool2DOp>(kind, image, Shape{window.kernel[d], 1}, Shape{window.strides[d], 1},
                                      Shape{window.pads[d], 0, window.pads[d + rank], 0}, Shape{window.dilations[d], 1},
                                      Shape{extra[d], 0}, countIncludesPad);
    if (!y)
      return {};
    shape[d + 2] = shapeOf(y)[1];
    x = node.reshape(y, shape);
  }
  return x;
}

static FailureOr<Window> readPoolWindow(NodeBinder &node, Value x) {
  if (failed(checkImage(node, x)))
    return failure();
  if (!node.has("kernel_shape"))
    return node.fail("attribute 'kernel_shape' is missing");
  return readWindow(node, x, node.integers("kernel_shape"));
}

static LogicalResult legalizePool(NodeBinder &node, nn::PoolKind kind, bool countIncludesPad) {
  Value x = node.operand(0);
  Type element = elementOf(x);
  FailureOr<Window> window = readPoolWindow(node, x);
  if (failed(window))
    return failure();
  // 8-bit integers are exact in f32.
  if (isInteger(x) && elementBytes(element) == 1 && kind == nn::PoolKind::Max)
    x = node.cast(x, node.getBuilder().getF32Type());
  if (failed(node.needFloat(x, "X")))
    return failure();
  if (window->rank() > 2)
    return node.setResult(node.cast(poolEachDimension(node, kind, x, *window, countIncludesPad), element));
  Value image = toChannelsLast(node, x);
  if (!image)
    return failure();
  Shape extra = ceilExtras(node, shapeOf(image).slice(1, 2), *window);
  Value y = node.emit<nn::Pool2DOp>(kind, image, window->kernel, window->strides, window->pads, window->dilations, extra,
                                    countIncludesPad);
  return node.setResult(node.cast(fromChannelsLast(node, y, shapeOf(x).size()), element));
}

// The maxima, and where they are.
static LogicalResult legalizeMaxPoolIndices(NodeBinder &node) {
  Value x = node.operand(0);
  Type element = elementOf(x);
  FailureOr<Window> window = readPoolWindow(node, x);
  if (failed(window))
    return failure();
  if (isInteger(x) && elementBytes(element) == 1)
    x = node.cast(x, node.getBuilder().getF32Type());
  size_t rank = shapeOf(x).size();
  if (failed(node.needFloat(x, "X")))
    return failure();
  if (rank > 5)
    return node.fail("has " + Twine(rank - 2) + " spatial dimensions; Thimble gives indices for up to three");
  Value image = withHeight(node, x);
  if (!image)
    return failure();
  Shape extra = ceilExtras(node, shapeOf(image).drop_front(2), *window), sizes(shapeOf(image).take_front(2));
  for (size_t d = 0; d < window->rank(); ++d) {
    int64_t span = shapeOf(image)[d + 2] + window->pads[d] + window->pads[d + window->rank()] + extra[d] -
                   window->dilations[d] * (window->kernel[d] - 1) - 1;
    if (span < 0)
      return node.fail("kernel of size " + Twine(window->kernel[d]) + " is larger than the padded input");
    sizes.push_back(span / window->strides[d] + 1);
  }
  Shape pads(ShapeRef(window->pads).take_front(window->rank()));
  auto real = RankedTensorType::get(sizes, elementOf(image)),
       index = RankedTensorType::get(sizes, node.getBuilder().getI64Type());
  SmallVector<Value> both = node.emitAll<nn::MaxPoolIndicesOp>({real, index}, image, window->kernel, window->strides, pads,
                                                               window->dilations, node.flag("storage_order", false));
  if (both.empty())
    return failure();
  if (rank == 3)
    sizes.erase(sizes.begin() + 2);
  if (failed(node.setResult(0, node.cast(node.reshape(both[0], sizes), element))))
    return failure();
  return node.setResult(1, node.reshape(both[1], sizes));
}

static LogicalResult legalizeMaxPool(NodeBinder &node) {
  node.ignore({"storage_order"}); // of the indices
  return node.isResultUsed(1) ? legalizeMaxPoolIndices(node) : legalizePool(node, nn::PoolKind::Max, false);
}

// Elements go where MaxPool found them: to positions of a tensor of the size that was pooled. If 'output_shape' is larger, that
// tensor is a corner of it.
static LogicalResult legalizeMaxUnpool(NodeBinder &node) {
  Value x = node.operand(0), indices = node.operand(1);
  FailureOr<Window> window = readPoolWindow(node, x);
  if (failed(window))
    return failure();
  size_t lead = window->rank() - (shapeOf(x).size() - 2);
  if (shapeOf(indices) != shapeOf(x) || !elementOf(indices).isSignlessInteger(64))
    return node.fail("needs one int64 index for each element, got shape " + shapeText(shapeOf(indices)));
  Shape pooled(shapeOf(x));
  for (size_t d = 2; d < pooled.size(); ++d) {
    size_t w = d - 2 + lead;
    pooled[d] = (pooled[d] - 1) * window->strides[w] + window->kernel[w] - window->pads[w] - window->pads[w + window->rank()];
  }
  std::optional<int64_t> count = elementCount(pooled), given = elementCount(shapeOf(x));
  if (!count || *count > INT32_MAX || llvm::any_of(pooled, [](int64_t size) { return size < 1; }))
    return node.fail("pads are larger than the output");
  Value zeros = node.filled({*count}, elementOf(x), 0);
  Value y = node.emit<nn::ScatterElementsOp>(nn::ScatterKind::Replace, zeros, node.reshape(indices, {*given}),
                                             node.reshape(x, {*given}), 0);
  y = node.reshape(y, pooled);
  if (!node.operand(2))
    return node.setResult(y);
  FailureOr<Shape> sizes =
      isConstant(node.operand(2)) ? node.constantIntegers(2, "output_shape") : node.shapeInsteadOf("output_shape");
  if (failed(sizes))
    return failure();
  Shape after(pooled.size(), 0);
  if (sizes->size() != pooled.size())
    return node.fail("output_shape must have " + Twine(pooled.size()) + " entries");
  for (size_t d = 0; d < pooled.size(); ++d) {
    if ((*sizes)[d] < pooled[d] || (*sizes)[d] > INT32_MAX)
      return node.fail("output_shape " + shapeText(*sizes) + " is smaller than what was pooled, " + shapeText(pooled));
    after[d] = (*sizes)[d] - pooled[d];
  }
  return node.setResult(node.emit<nn::PadOp>(nn::PadMode::Constant, y, Shape(pooled.size(), 0), after, llvm::APFloat(0.0)));
}

// |x|^p summed by a convolution with ones for each channel, then the p-th root.
static LogicalResult legalizeLpPool(NodeBinder &node) {
  Value x = node.operand(0);
  float p = node.getOpset() < 2 ? node.real("p", 2) : float(node.integer("p", 2));
  FailureOr<Window> window = readPoolWindow(node, x);
  if (failed(window) || failed(node.needFloat(x, "X")))
    return failure();
  if (!(p > 0))
    return node.fail("attribute 'p' must be positive");
  Value image = toChannelsLast(node, x);
  if (!image)
    return failure();
  Shape extra = ceilExtras(node, shapeOf(image).drop_front().drop_back(), *window), kernel{shapeOf(image).back()};
  for (size_t d = 0; d < window->rank(); ++d)
    window->pads[d + window->rank()] += extra[d];
  llvm::append_range(kernel, window->kernel);
  kernel.push_back(1);
  Value power = p == 2 ? node.mul(image, image) : node.unary(nn::UnaryKind::Abs, image);
  if (p != 1 && p != 2)
    power = node.binary(nn::BinaryKind::Pow, power, node.scalar(p));
  Value sum = convolve(node, power, node.filled(kernel, elementOf(x), 1), {}, *window, kernel[0]);
  if (p == 2)
    sum = node.unary(nn::UnaryKind::Sqrt, sum);
  else if (p != 1)
    sum = node.binary(nn::BinaryKind::Pow, sum, node.scalar(1 / p));
  return node.setResult(fromChannelsLast(node, sum, shapeOf(x).size()));
}

static LogicalResult legalizeAveragePool(NodeBinder &node) {
  return legalizePool(node, nn::PoolKind::Average, node.flag("count_include_pad", false));
}

static LogicalResult reduceSpatial(NodeBinder &node, nn::ReduceKind kind) {
  Value x = node.operand(0);
  if (shapeOf(x).size() < 2)
    return node.fail("needs an input with batch and channels, got " + shapeText(shapeOf(x)));
  if (failed(node.needFloat(x, "X")))
    return failure();
  Shape axes;
  for (size_t i = 2; i < shapeOf(x).size(); ++i)
    axes.push_back(int64_t(i));
  return node.setResult(node.reduce(kind, x, axes, /*keepDims=*/true));
}

static LogicalResult legalizeGlobalLpPool(NodeBinder &node) {
  Value x = node.operand(0);
  float p = node.getOpset() < 2 ? node.real("p", 2) : float(node.integer("p", 2));
  if (p == 1 || p == 2)
    return reduceSpatial(node, p == 1 ? nn::ReduceKind::L1 : nn::ReduceKind::L2);
  if (!(p > 0))
    return node.fail("attribute 'p' must be positive");
  if (shapeOf(x).size() < 2)
    return node.fail("needs an input with batch and channels, got " + shapeText(shapeOf(x)));
  if (failed(node.needFloat(x, "X")))
    return failure();
  Value power = node.binary(nn::BinaryKind::Pow, node.unary(nn::UnaryKind::Abs, x), node.scalar(p));
  Value sum = node.reduce(nn::ReduceKind::Sum, power, sequence(2, int64_t(shapeOf(x).size())), /*keepDims=*/true);
  return node.setResult(node.binary(nn::BinaryKind::Pow, sum, node.scalar(1 / p)));
}

void legalize::registerPools(Registry &registry) {
  registry.add("MaxPool", {1, 8, 10, 11, 12, 22}, {1, 1}, legalizeMaxPool);
  registry.add("AveragePool", {1, 7, 10, 11, 19, 22}, {1, 1}, legalizeAveragePool);
  registry.add("GlobalAveragePool", {1, 22}, {1, 1},
               [](NodeBinder &node) { return reduceSpatial(node, nn::ReduceKind::Mean); });
  registry.add("GlobalMaxPool", {1, 22}, {1, 1}, [](NodeBinder &node) { return reduceSpatial(node, nn::ReduceKind::Max); });
  registry.add("LpPool", {1, 2, 11, 18, 22}, {1, 1}, legalizeLpPool);
  registry.add("MaxUnpool", {9, 11, 22}, {2, 3}, legalizeMaxUnpool);
  registry.add("GlobalLpPool", {1, 2, 22}, {1, 1}, legalizeGlobalLpPool);
}
