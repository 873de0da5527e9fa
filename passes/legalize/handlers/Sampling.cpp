// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GridSample, AffineGrid, RoiAlign, MaxRoiPool, DeformConv, Col2Im, CenterCropPad.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Window.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static LogicalResult legalizeGridSample(NodeBinder &node) {
  Value x = node.operand(0), grid = node.operand(1);
  StringRef mode = node.text("mode", node.getOpset() < 20 ? "bilinear" : "linear"),
            padding = node.text("padding_mode", "zeros");
  std::optional<nn::SampleKind> kind;
  if (mode == "nearest")
    kind = nn::SampleKind::Nearest;
  else if (mode == "linear" || mode == "bilinear")
    kind = nn::SampleKind::Linear;
  else if (mode == "cubic" || mode == "bicubic")
    kind = nn::SampleKind::Cubic;
  StringRef borderName = padding == "border" ? "edge" : padding;
  std::optional<nn::SampleBorder> border = nn::symbolizeSampleBorder(borderName);
  if (!kind || !border || padding == "edge")
    return node.fail("attribute 'mode' is '" + mode + "' and 'padding_mode' is '" + padding + "', which ONNX does not have");
  Type element = elementOf(x);
  if (isInteger(x) && elementBytes(element) <= 2)
    x = node.cast(x, node.getBuilder().getF32Type());
  if (failed(node.needFloat(x, "X")) || failed(node.needFloat(grid, "grid")))
    return failure();
  if (shapeOf(x).size() >= 3 && llvm::is_contained(shapeOf(x).drop_front(2), 0))
    return node.fail("input of shape " + shapeText(shapeOf(x)) + " is empty");
  Value y = node.emit<nn::GridSampleOp>(*kind, *border, x, grid, node.flag("align_corners", false));
  return node.setResult(node.cast(y, element));
}

// The centres (or, with align_corners, the outer elements) of `size` positions from -1 to 1.
static std::vector<float> gridPositions(int64_t size, bool alignCorners) {
  std::vector<float> positions;
  for (int64_t i = 0; i < size; ++i)
    positions.push_back(alignCorners ? (size == 1 ? 0.0f : float(2.0 * double(i) / double(size - 1) - 1))
                                     : float((2.0 * double(i) + 1) / double(size) - 1));
  return positions;
}

// theta [batch, rank, rank + 1] times the homogeneous positions of a grid.
static LogicalResult legalizeAffineGrid(NodeBinder &node) {
  Value theta = node.operand(0);
  FailureOr<Shape> size = node.constantIntegers(1, "size");
  bool alignCorners = node.flag("align_corners", false);
  if (failed(size) || failed(node.needFloat(theta, "theta")))
    return failure();
  size_t rank = size->size() < 2 ? 0 : size->size() - 2;
  if (rank < 2 || rank > 3 || shapeOf(theta) != ShapeRef{(*size)[0], int64_t(rank), int64_t(rank) + 1})
    return node.fail("theta of shape " + shapeText(shapeOf(theta)) + " does not fit the size " + shapeText(*size));
  ShapeRef spatial = ShapeRef(*size).drop_front(2);
  std::optional<int64_t> count = elementCount(spatial);
  if (!count || *count > (1 << 22) || failed(node.checkTable(*count * (int64_t(rank) + 1))))
    return node.fail("has too large a size " + shapeText(*size));
  std::vector<std::vector<float>> positions;
  for (int64_t dim : spatial)
    positions.push_back(gridPositions(dim, alignCorners));
  std::vector<float> points; // x, y, (z,) 1 for each position
  for (int64_t i = 0; i < *count; ++i) {
    int64_t rest = i;
    for (size_t d = rank; d-- > 0; rest /= spatial[d])
      points.push_back(positions[d][size_t(rest % spatial[d])]);
    points.push_back(1);
  }
  Value grid = node.constant<float>({1, *count, int64_t(rank) + 1}, elementOf(theta), points);
  Shape result{(*size)[0]};
  llvm::append_range(result, spatial);
  result.push_back(int64_t(rank));
  return node.setResult(node.reshape(node.matmul(grid, theta, false, /*transposeB=*/true), result));
}

static LogicalResult legalizeRoiAlign(NodeBinder &node) {
  Value x = node.operand(0), rois = node.operand(1), batches = node.operand(2);
  StringRef mode = node.text("mode", "avg");
  StringRef coordinates =
      node.getOpset() < 16 ? "output_half_pixel" : node.text("coordinate_transformation_mode", "half_pixel");
  if ((mode != "avg" && mode != "max") || (coordinates != "half_pixel" && coordinates != "output_half_pixel"))
    return node.fail("attributes 'mode' and 'coordinate_transformation_mode' are '" + mode + "' and '" + coordinates +
                     "', which ONNX does not have");
  if (failed(node.needFloat(x, "X")) || failed(node.needFloat(rois, "rois")))
    return failure();
  if (!isInteger(batches))
    return node.fail("input 'batch_indices' must have integer elements");
  Shape size{node.integer("output_height", 1), node.integer("output_width", 1)};
  int64_t samples = node.integer("sampling_ratio", 0);
  if (size[0] > INT16_MAX || size[1] > INT16_MAX || samples < 0 || samples > 1024)
    return node.fail("attribute 'output_height', 'output_width' or 'sampling_ratio' is out of range");
  return node.setResult(node.emit<nn::RoiAlignOp>(x, rois, node.cast(batches, node.getBuilder().getI64Type()), size, samples,
                                                  llvm::APFloat(node.real("spatial_scale", 1)), coordinates == "half_pixel",
                                                  mode == "max"));
}

static LogicalResult legalizeMaxRoiPool(NodeBinder &node) {
  Value x = node.operand(0), rois = node.operand(1);
  Shape size = node.integers("pooled_shape");
  if (failed(node.needFloat(x, "X")) || failed(node.needFloat(rois, "rois")))
    return failure();
  if (size.size() != 2 || size[0] < 1 || size[1] < 1 || size[0] > INT16_MAX || size[1] > INT16_MAX)
    return node.fail("attribute 'pooled_shape' must be a height and a width");
  return node.setResult(node.emit<nn::MaxRoiPoolOp>(x, rois, size, llvm::APFloat(node.real("spatial_scale", 1))));
}

// X, W, offset, B, mask
static LogicalResult legalizeDeformConv(NodeBinder &node) {
  Value x = node.operand(0), w = node.operand(1);
  for (size_t i = 0; i < node.getOperandCount(); ++i)
    if (node.operand(i) && failed(node.needFloat(node.operand(i), Twine(i).str())))
      return failure();
  if (shapeOf(x).size() != 4 || shapeOf(w).size() != 4)
    return node.fail("needs images and weights of 4 dimensions, got shapes " + shapeText(shapeOf(x)) + " and " +
                     shapeText(shapeOf(w)));
  Shape kernel = node.integers("kernel_shape", shapeOf(w).drop_front(2));
  FailureOr<Window> window = readWindow(node, x, kernel);
  if (failed(window))
    return failure();
  if (ShapeRef(kernel) != shapeOf(w).drop_front(2))
    return node.fail("attribute 'kernel_shape' does not fit weights of shape " + shapeText(shapeOf(w)));
  Shape sizes{shapeOf(x)[0], shapeOf(w)[0]};
  for (size_t d = 0; d < 2; ++d) {
    int64_t span = shapeOf(x)[d + 2] + window->pads[d] + window->pads[d + 2] - window->dilations[d] * (kernel[d] - 1) - 1;
    if (span < 0)
      return node.fail("kernel of size " + Twine(kernel[d]) + " is larger than the padded input");
    sizes.push_back(span / window->strides[d] + 1);
  }
  return node.setResult(node.emitAs<nn::DeformConv2DOp>(sizes, elementOf(x), x, w, node.operand(2), node.operand(3),
                                                        node.operand(4), window->strides,
                                                        Shape(ShapeRef(window->pads).take_front(2)), window->dilations,
                                                        node.integer("group", 1), node.integer("offset_group", 1)));
}

// Overlapping blocks are summed: a transposed convolution whose weights put each element of a block in its place.
static LogicalResult legalizeCol2Im(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<Shape> image = node.constantIntegers(1, "image_shape"), block = node.constantIntegers(2, "block_shape");
  if (failed(image) || failed(block) || failed(node.needFloat(x, "input")))
    return failure();
  size_t rank = image->size();
  std::optional<int64_t> taps = elementCount(*block);
  if (rank < 1 || rank > 3 || block->size() != rank || shapeOf(x).size() != 3 || !taps || *taps < 1 ||
      elementCount(shapeOf(x)) == 0 || shapeOf(x)[1] % *taps != 0)
    return node.fail("blocks of shape " + shapeText(*block) + " do not fit an input of shape " + shapeText(shapeOf(x)));
  int64_t channels = shapeOf(x)[1] / *taps;
  // The attributes of the window are those of a sliding one over the image.
  if (failed(node.checkTable(shapeOf(x)[1] * *taps)) || elementCount(*image).value_or(INT64_MAX) > INT32_MAX)
    return node.fail("has too large an image or block");
  Shape imageShape{shapeOf(x)[0], channels};
  llvm::append_range(imageShape, *image);
  FailureOr<Window> window = readWindowOfShape(node, *image, *block);
  if (failed(window))
    return failure();
  Shape columns{shapeOf(x)[0], shapeOf(x)[1]}, sizes(*image), weightShape{shapeOf(x)[1], 1};
  int64_t positions = 1;
  size_t lead = window->rank() - rank;
  for (size_t d = 0; d < rank; ++d) {
    size_t w = d + lead;
    int64_t span =
        (*image)[d] + window->pads[w] + window->pads[w + window->rank()] - window->dilations[w] * ((*block)[d] - 1) - 1;
    columns.push_back(span < 0 ? 0 : span / window->strides[w] + 1);
    positions *= columns.back();
  }
  if (positions != shapeOf(x)[2] || positions == 0)
    return node.fail("has " + Twine(shapeOf(x)[2]) + " blocks, but an image of shape " + shapeText(*image) + " has " +
                     Twine(positions));
  llvm::append_range(weightShape, *block);
  std::vector<float> weights(size_t(shapeOf(x)[1] * *taps), 0);
  for (int64_t c = 0; c < shapeOf(x)[1]; ++c)
    weights[size_t(c * *taps + c % *taps)] = 1;
  if (lead)
    sizes.insert(sizes.begin(), 1);
  Value placed = node.constant<float>(weightShape, elementOf(x), weights);
  return node.setResult(convolveTransposed(node, node.reshape(x, columns), placed, {}, *window, sizes, channels));
}

// Crops or pads each dimension about its centre; an odd element more is cut off, or added, at the end.
static LogicalResult legalizeCenterCropPad(NodeBinder &node) {
  Value x = node.operand(0);
  size_t rank = shapeOf(x).size();
  FailureOr<Shape> sizes = node.constantIntegers(1, "shape");
  Shape axes = node.integers("axes", sequence(0, int64_t(rank)));
  if (failed(sizes) || failed(node.axes(axes, rank)))
    return failure();
  if (sizes->size() != axes.size())
    return node.fail("needs " + Twine(axes.size()) + " sizes, got " + Twine(sizes->size()));
  Shape before(rank, 0), after(rank, 0);
  for (auto [axis, size] : llvm::zip(axes, *sizes)) {
    size_t d = size_t(axis < 0 ? axis + int64_t(rank) : axis);
    if (size < 0 || size > INT32_MAX)
      return node.fail("size " + Twine(size) + " is out of range");
    int64_t change = size - shapeOf(x)[d];
    before[d] = change < 0 ? -(-change / 2) : change / 2;
    after[d] = change - before[d];
  }
  return node.setResult(node.emit<nn::PadOp>(nn::PadMode::Constant, x, before, after, llvm::APFloat(0.0)));
}

void legalize::registerSampling(Registry &registry) {
  registry.add("GridSample", {16, 20, 22}, {2, 2}, legalizeGridSample);
  registry.add("AffineGrid", {20}, {2, 2}, legalizeAffineGrid);
  registry.add("RoiAlign", {10, 16, 22}, {3, 3}, legalizeRoiAlign);
  registry.add("MaxRoiPool", {1, 22}, {2, 2}, legalizeMaxRoiPool);
  registry.add("DeformConv", {19, 22}, {3, 5}, legalizeDeformConv);
  registry.add("Col2Im", {18}, {3, 3}, legalizeCol2Im);
  registry.add("CenterCropPad", {18}, {2, 2}, legalizeCenterCropPad);
}
