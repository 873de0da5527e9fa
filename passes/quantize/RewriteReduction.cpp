// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions and operations that keep their operand's scale, in int8.
#include "passes/quantize/RewriteInt8.h"
#include "passes/quantize/ScaleSharing.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

// -x without any loss: code q becomes -1 - q, and so does the zero point. Minima are maxima of it.
static Value mirror(OpBuilder &builder, Location loc, Value x) {
  Int8Type from = nn::getActivationType(x.getType());
  Int8Type to = makeInt8Type(builder.getContext(), from.getScale(), -1 - from.getZeroPoint());
  std::vector<int8_t> codes;
  for (int code = -128; code < 128; ++code)
    codes.push_back(int8_t(-1 - code));
  auto tableType = RankedTensorType::get({256}, builder.getI8Type());
  Value table = builder.create<nn::ConstantOp>(loc, tableType, makeConstant<int8_t>(tableType, codes, "table"));
  return builder.create<nn::LookupOp>(loc, withElement(x.getType(), to), x, table);
}

FailureOr<Value> quantize::rewritePool(nn::Pool2DOp op, Int8Rewrite &rewrite) {
  FailureOr<Value> x = rewrite.operand(op.getX());
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(x) || failed(type))
    return failure();
  OpBuilder &builder = rewrite.forms.getBuilder();
  return Value(builder.create<nn::ReduceOp>(op.getLoc(), withElement(op.getY().getType(), *type), nn::ReduceKind::Mean, *x,
                                            ArrayRef<int64_t>{1, 2}, /*keep_dims=*/true));
}

FailureOr<Value> quantize::rewriteReduce(nn::ReduceOp op, Int8Rewrite &rewrite) {
  bool isMean = op.getKind() == nn::ReduceKind::Mean || op.getKind() == nn::ReduceKind::Sum;
  if (!isMean && (op.getKind() != nn::ReduceKind::Min || rewrite.bits == 16))
    return rewrite.refuse("");
  FailureOr<Value> x = rewrite.operand(op.getX());
  if (failed(x))
    return failure();
  if (isMean) {
    FailureOr<Int8Type> type = rewrite.planned(op.getY());
    return failed(type) ? FailureOr<Value>(failure()) : FailureOr<Value>(rewrite.recreate(op, *x, *type));
  }
  OpBuilder &builder = rewrite.forms.getBuilder();
  Value negated = mirror(builder, op.getLoc(), *x);
  Value maximum =
      builder.create<nn::ReduceOp>(op.getLoc(), withElement(op.getY().getType(), nn::getActivationType(negated.getType())),
                                   nn::ReduceKind::Max, negated, op.getAxes(), op.getKeepDims());
  return mirror(builder, op.getLoc(), maximum);
}

FailureOr<Value> quantize::rewriteArg(nn::ArgOp op, Int8Rewrite &rewrite) {
  if (op.getKind() != nn::ArgKind::Max && rewrite.bits == 16)
    return rewrite.refuse("");
  FailureOr<Value> x = rewrite.operand(op.getX());
  if (failed(x))
    return failure();
  OpBuilder &builder = rewrite.forms.getBuilder();
  Value operand = op.getKind() == nn::ArgKind::Max ? *x : mirror(builder, op.getLoc(), *x);
  return Value(builder.create<nn::ArgOp>(op.getLoc(), op.getY().getType(), nn::ArgKind::Max, operand, op.getAxis(),
                                         op.getKeepDims(), op.getSelectLast()));
}

FailureOr<Value> quantize::rewriteSoftmax(nn::SoftmaxOp op, Int8Rewrite &rewrite) {
  if (op.getLog())
    return rewrite.refuse("with log");
  FailureOr<Value> x = rewrite.operand(op.getX());
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(x) || failed(type))
    return failure();
  return rewrite.recreate(op, *x, *type);
}

FailureOr<Value> quantize::rewriteNorm(nn::LayerNormOp op, Int8Rewrite &rewrite) {
  auto scale = op.getScale().getDefiningOp<nn::ConstantOp>(), bias = op.getBias().getDefiningOp<nn::ConstantOp>();
  if (!scale || !bias)
    return rewrite.refuse("whose scale or bias is not constant");
  FailureOr<Value> x = rewrite.operand(op.getX()), s = rewrite.forms.getReal(op.getScale());
  FailureOr<Value> b = rewrite.forms.getReal(op.getBias());
  FailureOr<Int8Type> type = rewrite.planned(op.getY());
  if (failed(x) || failed(s) || failed(b) || failed(type))
    return failure();
  return rewrite.recreate(op, {*x, *s, *b}, *type);
}

FailureOr<Value> quantize::rewriteSharing(Operation *op, Int8Rewrite &rewrite) {
  SmallVector<OpOperand *> sharing = getSharingOperands(op);
  FailureOr<Int8Type> type = rewrite.planned(op->getResult(0));
  if (failed(type))
    return failure();
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!llvm::is_contained(sharing, &operand)) {
      operands.push_back(rewrite.forms.getOther(operand.get()));
      continue;
    }
    FailureOr<Value> x = rewrite.forms.getInt8(operand.get(), *type);
    if (failed(x))
      return failure();
    operands.push_back(*x);
  }
  return rewrite.recreate(op, operands, *type);
}
