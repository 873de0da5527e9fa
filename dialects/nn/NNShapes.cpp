// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Result shapes of the nn operations, from operands and attributes.
#include "dialects/nn/NNDialect.h"
#include "compiler/support/Constants.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace mlir;
using namespace thimble::nn;

using Shape = SmallVector<int64_t>;
using ShapeRef = ArrayRef<int64_t>;
using OptionalLocation = std::optional<Location>;

static ShapeRef shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

bool thimble::nn::isQuantized(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    type = shaped.getElementType();
  return isa<quant::QuantizedType>(type);
}

quant::UniformQuantizedType thimble::nn::getInt8Type(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    type = shaped.getElementType();
  auto quantized = dyn_cast<quant::UniformQuantizedType>(type);
  return quantized && quantized.isSigned() && quantized.getStorageTypeIntegralWidth() == 8 ? quantized : nullptr;
}

ElementsAttr thimble::nn::makeCodeTable(MLIRContext *context, bool isUnsigned) {
  std::vector<int8_t> table;
  for (int code = -128; code < 128; ++code)
    table.push_back(int8_t(isUnsigned ? code ^ 128 : code));
  return makeConstant<int8_t>(RankedTensorType::get({256}, IntegerType::get(context, 8)), table);
}

quant::UniformQuantizedType thimble::nn::getInt16Type(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    type = shaped.getElementType();
  auto quantized = dyn_cast<quant::UniformQuantizedType>(type);
  bool is16 =
      quantized && quantized.isSigned() && quantized.getStorageTypeIntegralWidth() == 16 && quantized.getZeroPoint() == 0;
  return is16 ? quantized : nullptr;
}

quant::UniformQuantizedType thimble::nn::getActivationType(Type type) {
  quant::UniformQuantizedType int8 = getInt8Type(type);
  return int8 ? int8 : getInt16Type(type);
}

bool thimble::nn::areCompatibleResults(TypeRange inferred, TypeRange actual) {
  if (inferred.size() != actual.size())
    return false;
  for (auto [left, right] : llvm::zip(inferred, actual)) {
    auto a = dyn_cast<RankedTensorType>(left), b = dyn_cast<RankedTensorType>(right);
    if (!a || !b || a.getShape() != b.getShape())
      return false;
    if (a.getElementType() != b.getElementType() && !isQuantized(a) && !isQuantized(b))
      return false;
  }
  return true;
}

FailureOr<Shape> thimble::nn::broadcastShapes(ArrayRef<ShapeRef> shapes) {
  Shape result;
  for (ShapeRef shape : shapes) {
    if (shape.size() > result.size())
      result.insert(result.begin(), shape.size() - result.size(), 1);
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t &target = result[result.size() - shape.size() + i];
      if (target == 1)
        target = shape[i];
      else if (shape[i] != 1 && shape[i] != target)
        return failure();
    }
  }
  return result;
}

// Quantized results are stated by whoever creates the operation; what is inferred for them is the float type.
static Type realElement(Value value) {
  auto quantized = dyn_cast<quant::QuantizedType>(elementOf(value));
  return quantized ? quantized.getExpressedType() : elementOf(value);
}

static LogicalResult result(SmallVectorImpl<Type> &types, ShapeRef shape, Type element) {
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

static int64_t windowCount(int64_t size, int64_t kernel, int64_t stride, int64_t dilation) {
  int64_t span = size - dilation * (kernel - 1) - 1;
  return span < 0 ? 0 : span / stride + 1;
}

// Output height and width of a sliding window, or failure with a message.
static FailureOr<std::pair<int64_t, int64_t>> windowSizes(OptionalLocation loc, ShapeRef x, ShapeRef kernel, ShapeRef strides,
                                                          ShapeRef pads, ShapeRef dilations, ShapeRef extra) {
  if (kernel.size() != 2 || strides.size() != 2 || dilations.size() != 2 || pads.size() != 4 || extra.size() != 2)
    return emitOptionalError(loc, "needs 2 kernel sizes, strides and dilations and 4 pads");
  int64_t sizes[2];
  for (int i = 0; i < 2; ++i) {
    if (kernel[i] < 1 || strides[i] < 1 || dilations[i] < 1 || pads[i] < 0 || pads[i + 2] < 0 || extra[i] < 0)
      return emitOptionalError(loc, "needs positive kernel sizes, strides and dilations and non-negative pads");
    sizes[i] = windowCount(x[i + 1] + pads[i] + pads[i + 2] + extra[i], kernel[i], strides[i], dilations[i]);
    if (sizes[i] < 1)
      return emitOptionalError(loc, "kernel of size ", kernel[i], " with dilation ", dilations[i],
                               " is larger than the padded input of size ", x[i + 1] + pads[i] + pads[i + 2]);
  }
  return std::make_pair(sizes[0], sizes[1]);
}

LogicalResult Conv2DOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef given = shapeOf(op.getX()), w = shapeOf(op.getWeights());
  Shape x(given);
  if (op.getPlanar() && x.size() == 4)
    std::rotate(x.begin() + 1, x.begin() + 2, x.end()); // NCHW
  if (x.size() != 4 || w.size() != 4)
    return emitOptionalError(loc, "needs a 4-D input (NHWC) and 4-D weights (OHWI), got ranks ", x.size(), " and ", w.size());
  int64_t groups = op.getGroups();
  if (groups < 1 || x[3] % groups != 0 || w[0] % groups != 0 || w[3] != x[3] / groups)
    return emitOptionalError(loc, "weights for ", w[3], " input channels do not match an input of ", x[3], " channels in ",
                             groups, " groups");
  if (op.getBias() && shapeOf(op.getBias()) != ShapeRef{w[0]})
    return emitOptionalError(loc, "bias must have one element for each of the ", w[0], " output channels");
  auto sizes = windowSizes(loc, x, w.slice(1, 2), op.getStrides(), op.getPads(), op.getDilations(), {0, 0});
  if (failed(sizes))
    return failure();
  return result(types, {x[0], sizes->first, sizes->second, w[0]}, realElement(op.getX()));
}

LogicalResult FullyConnectedOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op,
                                                 SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX()), w = shapeOf(op.getWeights());
  if (x.size() != 2 || w.size() != 2 || x[1] != w[1])
    return emitOptionalError(loc, "needs x [rows, depth] and weights [cols, depth], got [", x, "] and [", w, "]");
  if (op.getBias() && shapeOf(op.getBias()) != ShapeRef{w[0]})
    return emitOptionalError(loc, "bias must have one element for each of the ", w[0], " columns");
  return result(types, {x[0], w[0]}, realElement(op.getX()));
}

LogicalResult MatMulOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef a = shapeOf(op.getA()), b = shapeOf(op.getB());
  if (a.size() < 2 || b.size() < 2)
    return emitOptionalError(loc, "needs operands of rank 2 or more");
  int64_t rows = a[a.size() - 2], depth = a.back(), depthOfB = b[b.size() - 2], cols = b.back();
  if (op.getTransposeA())
    std::swap(rows, depth);
  if (op.getTransposeB())
    std::swap(depthOfB, cols);
  if (depth != depthOfB)
    return emitOptionalError(loc, "inner dimensions differ: ", depth, " and ", depthOfB);
  auto shape = broadcastShapes({a.drop_back(2), b.drop_back(2)});
  if (failed(shape))
    return emitOptionalError(loc, "batch dimensions do not broadcast: [", a, "] and [", b, "]");
  shape->append({rows, cols});
  return result(types, *shape, realElement(op.getA()));
}

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *, OptionalLocation, Adaptor op, SmallVectorImpl<Type> &types) {
  return result(types, shapeOf(op.getX()), realElement(op.getX()));
}

static LogicalResult inferBroadcast(OptionalLocation loc, ArrayRef<Value> operands, Type element,
                                    SmallVectorImpl<Type> &types) {
  SmallVector<ShapeRef> shapes;
  for (Value operand : operands)
    shapes.push_back(shapeOf(operand));
  FailureOr<Shape> shape = broadcastShapes(shapes);
  if (failed(shape)) {
    std::string text;
    for (ShapeRef s : shapes)
      text += (text.empty() ? "[" : " and [") + llvm::formatv("{0:$[, ]}", llvm::make_range(s.begin(), s.end())).str() + "]";
    return emitOptionalError(loc, "shapes do not broadcast: ", text);
  }
  return result(types, *shape, element);
}

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, {op.getA(), op.getB()}, realElement(op.getA()), types);
}

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, OptionalLocation loc, Adaptor op,
                                          SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, {op.getA(), op.getB()}, IntegerType::get(context, 1), types);
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, {op.getCondition(), op.getA(), op.getB()}, realElement(op.getA()), types);
}

LogicalResult Pool2DOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX());
  if (x.size() != 4)
    return emitOptionalError(loc, "needs a 4-D input (NHWC), got rank ", x.size());
  auto sizes = windowSizes(loc, x, op.getKernel(), op.getStrides(), op.getPads(), op.getDilations(), op.getExtra());
  if (failed(sizes))
    return failure();
  return result(types, {x[0], sizes->first, sizes->second, x[3]}, elementOf(op.getX()));
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX()), axes = op.getAxes();
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] < (i ? axes[i - 1] + 1 : 0) || axes[i] >= int64_t(x.size()))
      return emitOptionalError(loc, "axes must be sorted, unique and within a rank of ", x.size());
  Shape shape;
  for (auto [i, size] : llvm::enumerate(x)) {
    if (!llvm::is_contained(axes, int64_t(i)))
      shape.push_back(size);
    else if (op.getKeepDims())
      shape.push_back(1);
  }
  return result(types, shape, realElement(op.getX()));
}

static LogicalResult checkAxis(OptionalLocation loc, int64_t axis, size_t rank) {
  if (axis >= 0 && axis < int64_t(rank))
    return success();
  return emitOptionalError(loc, "axis ", axis, " is outside a rank of ", rank);
}

LogicalResult ArgOp::inferReturnTypes(MLIRContext *context, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  Shape shape(shapeOf(op.getX()));
  if (failed(checkAxis(loc, op.getAxis(), shape.size())))
    return failure();
  if (op.getKeepDims())
    shape[op.getAxis()] = 1;
  else
    shape.erase(shape.begin() + op.getAxis());
  return result(types, shape, IntegerType::get(context, 64));
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  if (failed(checkAxis(loc, op.getAxis(), shapeOf(op.getX()).size())))
    return failure();
  return result(types, shapeOf(op.getX()), realElement(op.getX()));
}

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX());
  if (failed(checkAxis(loc, op.getAxis(), x.size())))
    return failure();
  ShapeRef normalized = x.drop_front(op.getAxis());
  if (shapeOf(op.getScale()) != normalized || shapeOf(op.getBias()) != normalized)
    return emitOptionalError(loc, "scale and bias must have the shape [", normalized, "] of the normalized dimensions");
  return result(types, x, realElement(op.getX()));
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX());
  Shape shape, seen(op.getPermutation());
  llvm::sort(seen);
  for (auto [i, dim] : llvm::enumerate(seen))
    if (dim != int64_t(i) || seen.size() != x.size())
      return emitOptionalError(loc, "permutation [", op.getPermutation(), "] does not permute ", x.size(), " dimensions");
  if (seen.size() != x.size())
    return emitOptionalError(loc, "permutation [", op.getPermutation(), "] does not permute ", x.size(), " dimensions");
  for (int64_t dim : op.getPermutation())
    shape.push_back(x[dim]);
  return result(types, shape, elementOf(op.getX()));
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  if (op.getInputs().empty())
    return emitOptionalError(loc, "needs at least one operand");
  Shape shape(shapeOf(op.getInputs()[0]));
  int64_t axis = op.getAxis();
  if (failed(checkAxis(loc, axis, shape.size())))
    return failure();
  for (Value input : op.getInputs().drop_front()) {
    ShapeRef other = shapeOf(input);
    if (other.size() != shape.size() || elementOf(input) != elementOf(op.getInputs()[0]))
      return emitOptionalError(loc, "operands must have the same rank and element type");
    for (size_t i = 0; i < shape.size(); ++i)
      if (int64_t(i) != axis && other[i] != shape[i])
        return emitOptionalError(loc, "operands differ in dimension ", i, ", which is not the axis: ", shape[i], " and ",
                                 other[i]);
    shape[axis] += other[axis];
  }
  return result(types, shape, elementOf(op.getInputs()[0]));
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  ShapeRef x = shapeOf(op.getX()), offsets = op.getOffsets(), sizes = op.getSizes(), strides = op.getStrides();
  if (offsets.size() != x.size() || sizes.size() != x.size() || strides.size() != x.size())
    return emitOptionalError(loc, "needs an offset, a size and a stride for each of the ", x.size(), " dimensions");
  for (size_t i = 0; i < x.size(); ++i) {
    int64_t last = offsets[i] + (sizes[i] - 1) * strides[i];
    if (sizes[i] < 0 || strides[i] == 0 || (sizes[i] > 0 && (offsets[i] < 0 || offsets[i] >= x[i] || last < 0 || last >= x[i])))
      return emitOptionalError(loc, "part of dimension ", i, " lies outside its size ", x[i]);
  }
  return result(types, sizes, elementOf(op.getX()));
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  Shape shape(shapeOf(op.getX()));
  if (failed(checkAxis(loc, op.getAxis(), shape.size())))
    return failure();
  ShapeRef indices = shapeOf(op.getIndices());
  shape.erase(shape.begin() + op.getAxis());
  shape.insert(shape.begin() + op.getAxis(), indices.begin(), indices.end());
  return result(types, shape, elementOf(op.getX()));
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *, OptionalLocation loc, Adaptor op, SmallVectorImpl<Type> &types) {
  Shape shape(shapeOf(op.getX()));
  ShapeRef before = op.getBefore(), after = op.getAfter();
  if (before.size() != shape.size() || after.size() != shape.size())
    return emitOptionalError(loc, "needs two pads for each of the ", shape.size(), " dimensions");
  for (size_t i = 0; i < shape.size(); ++i) {
    bool reflects = op.getMode() == PadMode::Reflect;
    if ((reflects && std::max(before[i], after[i]) >= shape[i] && shape[i] > 0 && std::max(before[i], after[i]) > 0) ||
        shape[i] + before[i] + after[i] < 0)
      return emitOptionalError(loc, "pads ", before[i], " and ", after[i], " do not fit dimension ", i, " of size ", shape[i]);
    shape[i] += before[i] + after[i];
  }
  return result(types, shape, elementOf(op.getX()));
}
