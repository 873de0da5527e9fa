// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The list of operations that keep their operand's scale.
#include "passes/quantize/ScaleSharing.h"
#include "passes/quantize/Range.h"

using namespace mlir;
using namespace thimble;

bool quantize::isGlobalAverage(nn::Pool2DOp op) {
  auto all = [](ArrayRef<int64_t> numbers, int64_t value) {
    return llvm::all_of(numbers, [&](int64_t n) { return n == value; });
  };
  ArrayRef<int64_t> x = cast<RankedTensorType>(op.getX().getType()).getShape();
  return op.getKind() == nn::PoolKind::Average && op.getKernel() == x.slice(1, 2) && all(op.getPads(), 0) &&
         all(op.getExtra(), 0) && all(op.getDilations(), 1) &&
         all(cast<RankedTensorType>(op.getY().getType()).getShape().slice(1, 2), 1);
}

SmallVector<OpOperand *> quantize::getSharingOperands(Operation *op) {
  SmallVector<OpOperand *> operands;
  auto take = [&](OpOperand &operand) {
    if (isFloat(operand.get()))
      operands.push_back(&operand);
  };
  if (isa<nn::ReshapeOp, nn::TransposeOp, nn::SliceOp, nn::GatherOp, nn::PadOp, nn::BroadcastOp>(op)) {
    take(op->getOpOperand(0));
  } else if (auto pool = dyn_cast<nn::Pool2DOp>(op)) {
    if (!isGlobalAverage(pool))
      take(op->getOpOperand(0));
  } else if (auto reduce = dyn_cast<nn::ReduceOp>(op)) {
    if (reduce.getKind() == nn::ReduceKind::Max)
      take(op->getOpOperand(0));
  } else if (isa<nn::ConcatOp>(op)) {
    for (OpOperand &operand : op->getOpOperands())
      take(operand);
  } else if (isa<nn::SelectOp>(op)) {
    take(op->getOpOperand(1));
    take(op->getOpOperand(2));
  }
  return operands;
}
