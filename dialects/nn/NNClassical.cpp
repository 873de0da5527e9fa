// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes and verifiers of the operations of classical machine learning.
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble::nn;

using OptionalLocation = std::optional<Location>;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static LogicalResult result(SmallVectorImpl<Type> &types, MLIRContext *context, int64_t rows, int64_t columns) {
  types.push_back(RankedTensorType::get({rows, columns}, Float32Type::get(context)));
  return success();
}

LogicalResult TreeEnsembleOp::inferReturnTypes(MLIRContext *context, OptionalLocation loc, Adaptor op,
                                               SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> x = typeOf(op.getX()).getShape(), nodes = typeOf(op.getNodes()).getShape();
  ArrayRef<int64_t> trees = typeOf(op.getTrees()).getShape(), leaves = typeOf(op.getLeaves()).getShape();
  if (x.size() != 2 || nodes.size() != 2 || nodes[1] != 4 || typeOf(op.getThresholds()).getRank() != 1 || trees.size() != 2 ||
      trees[1] != 2 || leaves.size() != 2)
    return emitOptionalError(loc, "needs x [rows, features], nodes [n, 4], thresholds [k], trees [t, 2] and leaves [m, width]");
  if (op.getTargets() < 1 || leaves[1] < 1 || leaves[1] > int64_t(op.getTargets()))
    return emitOptionalError(loc, "leaves of ", leaves[1], " numbers do not fit ", op.getTargets(), " targets");
  return result(types, context, x[0], op.getTargets());
}

LogicalResult SquaredDistanceOp::inferReturnTypes(MLIRContext *context, OptionalLocation loc, Adaptor op,
                                                  SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> x = typeOf(op.getX()).getShape(), v = typeOf(op.getV()).getShape();
  if (x.size() != 2 || v.size() != 2 || x[1] != v[1])
    return emitOptionalError(loc, "needs x [rows, depth] and v [cols, depth], got [", x, "] and [", v, "]");
  return result(types, context, x[0], v[0]);
}

LogicalResult PairCouplingOp::inferReturnTypes(MLIRContext *context, OptionalLocation loc, Adaptor op,
                                               SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> pairs = typeOf(op.getPairs()).getShape();
  int64_t classes = op.getClasses();
  if (classes < 2 || classes > 4096 || pairs.size() != 2 || pairs[1] != classes * (classes - 1) / 2)
    return emitOptionalError(loc, "needs one probability for each pair of 2 to 4096 classes, got [", pairs, "] for ", classes,
                             " classes");
  return result(types, context, pairs[0], classes);
}

static bool isF32(Value value) { return typeOf(value).getElementType().isF32(); }

static LogicalResult checkFloats(Operation *op, ValueRange values) {
  for (Value value : values)
    if (!isF32(value))
      return op->emitOpError("needs f32 elements, got ") << value.getType();
  return success();
}

LogicalResult TreeEnsembleOp::verify() {
  Type word = typeOf(getNodes()).getElementType();
  if (!word.isUnsignedInteger(16) && !word.isUnsignedInteger(32))
    return emitOpError("needs tables of ui16 or ui32, got ") << word;
  if (typeOf(getTrees()).getElementType() != word)
    return emitOpError("needs nodes and trees of one element type");
  if (!typeOf(getThresholds()).getElementType().isSignlessInteger(32))
    return emitOpError("needs i32 thresholds");
  return checkFloats(*this, {getX(), getLeaves(), getY()});
}

LogicalResult SquaredDistanceOp::verify() { return checkFloats(*this, {getX(), getV(), getY()}); }

LogicalResult PairCouplingOp::verify() { return checkFloats(*this, {getPairs(), getY()}); }
