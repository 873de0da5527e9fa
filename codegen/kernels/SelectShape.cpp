// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of operations that move elements: most are strided copies.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include "thimble/tmb_abi.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

// Copies elements walked by `dims`: x by xStrides from xOffset on, y by yStrides from yOffset on.
static FailureOr<KernelCall> stridedCopy(Operation *op, unsigned operand, ArrayRef<int64_t> dims, ArrayRef<int64_t> xStrides,
                                         ArrayRef<int64_t> yStrides, int64_t xOffset = 0, int64_t yOffset = 0) {
  Walk walk{Shape(dims), {Shape(xStrides), Shape(yStrides)}};
  walk.merge();
  CallBuilder call(op, "tmb_copy_nd");
  call.operand(operand).field("rank", int64_t(walk.dims.size())).field("dims", walk.dims);
  call.field("element_bytes", elementBytes(elementOf(op->getResult(0))));
  call.field("x_strides", walk.strides[0]).field("y_strides", walk.strides[1]);
  return call.field("x_offset", xOffset).field("y_offset", yOffset).finish();
}

static FailureOr<Calls> alone(FailureOr<KernelCall> call) {
  if (failed(call))
    return failure();
  Calls calls;
  calls.push_back(std::move(*call));
  return calls;
}

// Bytes of a tile of tmb_transpose at most, and of a row of one at least: short rows take longer to move.
constexpr int64_t mostTileBytes = 512, leastTileRow = 16;

// A matrix can be transposed in place, which a strided copy cannot; planes of an image are the rows of one. Nothing if `op` is no
// such transposition, or of a size without a divisor that makes good tiles.
static std::optional<FailureOr<Calls>> selectMatrixTranspose(nn::TransposeOp op) {
  // Dimensions of size 1 may stand anywhere; the others must be turned around at one place.
  Shape dims(shapeOf(op.getX())), order;
  for (int64_t dim : op.getPermutation())
    if (dims[dim] != 1)
      order.push_back(dim);
  Shape turned(order);
  llvm::sort(turned);
  auto split = turned.empty() ? turned.end() : llvm::find(turned, order.front());
  std::rotate(turned.begin(), split, turned.end());
  if (turned != order || llvm::is_sorted(order))
    return std::nullopt;
  int64_t rows = 1, cols = 1, bytes = elementBytes(storageTensorType(tensorType(op.getX())).getElementType());
  for (int64_t dim : order)
    (dim < order.front() ? rows : cols) *= dims[dim];
  if (rows * cols == 0 || rows * cols * bytes > INT32_MAX)
    return std::nullopt;
  int64_t block = std::min(cols, mostTileBytes / (rows * bytes));
  while (block > 0 && cols % block != 0)
    --block;
  if (block * bytes < leastTileRow)
    return std::nullopt;
  return CallBuilder(op, "tmb_transpose")
      .operand(0)
      .scratch(rows * block * bytes + (rows * (cols / block) + 7) / 8)
      .field("rows", rows)
      .field("cols", cols)
      .field("block", block)
      .field("element_bytes", bytes)
      .finishAlone();
}

static FailureOr<Calls> selectTranspose(nn::TransposeOp op) {
  if (std::optional<FailureOr<Calls>> matrix = selectMatrixTranspose(op))
    return *matrix;
  Shape dense = denseStrides(shapeOf(op.getX())), xStrides;
  for (int64_t dim : op.getPermutation())
    xStrides.push_back(dense[dim]);
  ArrayRef<int64_t> y = shapeOf(op.getY());
  return alone(stridedCopy(op, 0, y, xStrides, denseStrides(y)));
}

static FailureOr<Calls> selectConcat(nn::ConcatOp op) {
  Shape yStrides = denseStrides(shapeOf(op.getY()));
  Calls calls;
  int64_t offset = 0;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    ArrayRef<int64_t> x = shapeOf(input);
    if (tensorType(input).getNumElements() > 0) {
      FailureOr<KernelCall> call = stridedCopy(op, unsigned(i), x, denseStrides(x), yStrides, 0, offset);
      if (failed(call))
        return failure();
      calls.push_back(std::move(*call));
    }
    offset += x[op.getAxis()] * yStrides[op.getAxis()];
  }
  return calls;
}

static FailureOr<Calls> selectSlice(nn::SliceOp op) {
  Shape dense = denseStrides(shapeOf(op.getX())), xStrides;
  int64_t offset = 0;
  for (size_t i = 0; i < dense.size(); ++i) {
    offset += op.getOffsets()[i] * dense[i];
    xStrides.push_back(op.getStrides()[i] * dense[i]);
  }
  ArrayRef<int64_t> y = shapeOf(op.getY());
  return alone(stridedCopy(op, 0, y, xStrides, denseStrides(y), offset));
}

static FailureOr<Calls> selectBroadcast(nn::BroadcastOp op) {
  ArrayRef<int64_t> y = shapeOf(op.getY());
  return alone(stridedCopy(op, 0, y, broadcastStrides(shapeOf(op.getX()), y), denseStrides(y)));
}

static FailureOr<Calls> selectGather(nn::GatherOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  int64_t outer = 1, inner = elementBytes(elementOf(op.getX())), axis = op.getAxis();
  for (int64_t dim : x.take_front(axis))
    outer *= dim;
  for (int64_t dim : x.drop_front(axis + 1))
    inner *= dim;
  CallBuilder call(op, "tmb_gather");
  if (x[axis] < 1)
    call.fail("gathers from an empty dimension");
  call.operand(0).operand(1).field("outer", outer).field("axis_size", x[axis]).field("inner_bytes", inner);
  call.field("index_count", tensorType(op.getIndices()).getNumElements());
  return call.field("index_bytes", elementBytes(elementOf(op.getIndices()))).finishAlone();
}

// The border's value as one element of the tensor's storage type.
static FailureOr<NewConstant> padValue(nn::PadOp op) {
  double value = op.getValue().convertToDouble();
  Type element = elementOf(op.getX());
  if (quant::UniformQuantizedType quantized = nn::getActivationType(element)) {
    value = std::floor(value / quantized.getScale() + 0.5) + double(quantized.getZeroPoint());
    value = std::min(std::max(value, double(quantized.getStorageTypeMin())), double(quantized.getStorageTypeMax()));
  }
  RankedTensorType type = RankedTensorType::get({1}, storageTensorType(tensorType(op.getX())).getElementType());
  std::vector<char> bytes(size_t(elementBytes(element)));
  if (element.isF32()) {
    float narrow = float(value);
    std::memcpy(bytes.data(), &narrow, sizeof(narrow));
  } else if (type.getElementType().isIntOrIndex()) {
    int64_t integer = int64_t(value); // little endian: the low bytes come first
    std::memcpy(bytes.data(), &integer, bytes.size());
  } else {
    return op.emitOpError("has no kernel for elements of type ") << element;
  }
  return NewConstant{"value", type, std::move(bytes)};
}

static FailureOr<Calls> selectPad(nn::PadOp op) {
  FailureOr<NewConstant> value = padValue(op);
  if (failed(value))
    return failure();
  ArrayRef<int64_t> x = shapeOf(op.getX()), y = shapeOf(op.getY());
  if (x.empty())
    return op.emitOpError("pads a tensor without dimensions");
  CallBuilder call(op, "tmb_pad");
  call.operand(0).constant(std::move(*value)).field("rank", int64_t(x.size()));
  call.field("element_bytes", elementBytes(elementOf(op.getX()))).field("mode", int64_t(op.getMode()));
  return call.field("in_dims", x).field("out_dims", y).field("before", op.getBefore()).finishAlone();
}

static_assert(int(nn::PadMode::Constant) == TMB_PAD_CONSTANT && int(nn::PadMode::Reflect) == TMB_PAD_REFLECT &&
                  int(nn::PadMode::Edge) == TMB_PAD_EDGE && int(nn::PadMode::Wrap) == TMB_PAD_WRAP,
              "padding modes of the dialect and of the runtime have the same numbers");

FailureOr<Calls> thimble::kernels::selectShape(Operation *op) {
  if (isa<nn::ReshapeOp>(op))
    return Calls();
  if (auto transpose = dyn_cast<nn::TransposeOp>(op))
    return selectTranspose(transpose);
  if (auto concat = dyn_cast<nn::ConcatOp>(op))
    return selectConcat(concat);
  if (auto slice = dyn_cast<nn::SliceOp>(op))
    return selectSlice(slice);
  if (auto broadcast = dyn_cast<nn::BroadcastOp>(op))
    return selectBroadcast(broadcast);
  if (auto gather = dyn_cast<nn::GatherOp>(op))
    return selectGather(gather);
  if (auto pad = dyn_cast<nn::PadOp>(op))
    return selectPad(pad);
  return op->emitOpError("has no kernel");
}
