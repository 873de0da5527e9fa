// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shape and types of attention.
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble::nn;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor op, SmallVectorImpl<Type> &types) {
  Type element = typeOf(op.getQ()).getElementType();
  if (auto quantized = dyn_cast<quant::QuantizedType>(element))
    element = quantized.getExpressedType();
  types.push_back(
      RankedTensorType::get({int64_t(op.getQueries()), int64_t(op.getHeads()), int64_t(op.getValueDepth())}, element));
  return success();
}

// All of `heads` x `rows` x `width` elements are there.
static LogicalResult verifyPlace(AttentionOp op, StringRef name, Value tensor, ArrayRef<int64_t> place, int64_t heads,
                                 int64_t rows, int64_t width) {
  if (place.size() != 3 || llvm::any_of(place, [](int64_t number) { return number < 0; }))
    return op.emitOpError(name) << "_place must be an offset and two strides, none of them negative";
  int64_t end = place[0] + (heads - 1) * place[1] + (rows - 1) * place[2] + width, size = typeOf(tensor).getNumElements();
  if (end > size)
    return op.emitOpError(name) << " has " << size << " elements, but its last row ends at " << end;
  return success();
}

static LogicalResult verifyInt8(AttentionOp op) {
  for (Value value : {Value(op.getQ()), Value(op.getK()), Value(op.getV()), Value(op.getY())})
    if (!getInt8Type(value.getType()))
      return op.emitOpError("is quantized, so queries, keys, values and result must be per-tensor int8");
  size_t types = 1 + bool(op.getTable()) + bool(op.getMask());
  std::optional<ArrayAttr> scores = op.getScoreTypes();
  if (!scores || scores->size() != types ||
      llvm::any_of(*scores, [](Attribute type) { return !getInt8Type(cast<TypeAttr>(type).getValue()); }))
    return op.emitOpError("is quantized, so it needs ") << types << " per-tensor int8 score_types";
  if (op.getScale().convertToFloat() != 1)
    return op.emitOpError("is quantized, so its scale is part of the score_types, and must be 1");
  if (op.getTable() && typeOf(op.getTable()) != RankedTensorType::get({256}, IntegerType::get(op.getContext(), 8)))
    return op.emitOpError("needs a table of 256 i8");
  if (op.getMask() && !getInt8Type(op.getMask().getType()))
    return op.emitOpError("is quantized, so its mask must be per-tensor int8");
  return success();
}

LogicalResult AttentionOp::verify() {
  int64_t heads = getHeads(), shared = getShared(), queries = getQueries(), keys = getKeys();
  int64_t depth = getDepth(), values = getValueDepth();
  if (heads < 1 || shared < 1 || queries < 1 || keys < 1 || depth < 1 || values < 1)
    return emitOpError("needs sizes of at least 1");
  if (heads % shared != 0)
    return emitOpError() << heads << " heads do not divide among those that are shared by " << shared;
  if (failed(verifyPlace(*this, "q", getQ(), getQPlace(), heads, queries, depth)) ||
      failed(verifyPlace(*this, "k", getK(), getKPlace(), heads / shared, keys, depth)) ||
      failed(verifyPlace(*this, "v", getV(), getVPlace(), heads / shared, keys, values)))
    return failure();
  if (getMask()) {
    std::optional<ArrayRef<int64_t>> place = getMaskPlace();
    if (!place || place->size() != 2)
      return emitOpError("needs mask_place, the strides of heads and rows");
    if (failed(verifyPlace(*this, "mask", getMask(), {0, (*place)[0], (*place)[1]}, heads, queries, keys)))
      return failure();
  }
  if (isQuantized(getQ().getType()))
    return verifyInt8(*this);
  if (getTable() || getScoreTypes())
    return emitOpError("of f32 has neither table nor score_types");
  for (Value value : {Value(getQ()), Value(getK()), Value(getV()), Value(getMask()), Value(getY())})
    if (value && !typeOf(value).getElementType().isF32())
      return emitOpError("needs f32 or per-tensor int8 operands, got ") << typeOf(value).getElementType();
  return success();
}
