// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// MaxPool, AveragePool and their global forms.
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

static LogicalResult legalizePool(NodeBinder &node, nn::PoolKind kind, bool countIncludesPad) {
  Value x = node.operand(0);
  Type element = elementOf(x);
  if (failed(checkImage(node, x)))
    return failure();
  if (!node.has("kernel_shape"))
    return node.fail("attribute 'kernel_shape' is missing");
  FailureOr<Window> window = readWindow(node, x, node.integers("kernel_shape"));
  bool isCeil = node.flag("ceil_mode", false);
  if (failed(window))
    return failure();
  // 8-bit integers are exact in f32.
  if (isInteger(x) && elementBytes(element) == 1 && kind == nn::PoolKind::Max)
    x = node.cast(x, node.getBuilder().getF32Type());
  if (failed(node.needFloat(x, "X")))
    return failure();
  Value image = toNHWC(node, x);
  Shape extra(2, 0);
  for (int d = 0; isCeil && image && d < 2; ++d)
    extra[d] = ceilExtra(shapeOf(image)[d + 1], window->kernel[d], window->strides[d], window->dilations[d], window->pads[d],
                         window->pads[d + 2]);
  Value y = node.emit<nn::Pool2DOp>(kind, image, window->kernel, window->strides, window->pads, window->dilations, extra,
                                    countIncludesPad);
  return node.setResult(node.cast(fromNHWC(node, y, shapeOf(x).size()), element));
}

static LogicalResult legalizeMaxPool(NodeBinder &node) {
  if (node.isResultUsed(1))
    return node.fail("output 'Indices' is used, but Thimble computes the maxima only");
  node.ignore({"storage_order"}); // of the indices
  return legalizePool(node, nn::PoolKind::Max, false);
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
  int64_t p = node.integer("p", 2);
  if (p != 1 && p != 2)
    return node.fail("attribute 'p' is " + Twine(p) + "; Thimble supports 1 and 2");
  return reduceSpatial(node, p == 1 ? nn::ReduceKind::L1 : nn::ReduceKind::L2);
}

void legalize::registerPools(Registry &registry) {
  registry.add("MaxPool", {1, 8, 10, 11, 12, 22}, {1, 1}, legalizeMaxPool);
  registry.add("AveragePool", {1, 7, 10, 11, 19, 22}, {1, 1}, legalizeAveragePool);
  registry.add("GlobalAveragePool", {1, 22}, {1, 1},
               [](NodeBinder &node) { return reduceSpatial(node, nn::ReduceKind::Mean); });
  registry.add("GlobalMaxPool", {1, 22}, {1, 1}, [](NodeBinder &node) { return reduceSpatial(node, nn::ReduceKind::Max); });
  registry.add("GlobalLpPool", {2, 22}, {1, 1}, legalizeGlobalLpPool);
}
