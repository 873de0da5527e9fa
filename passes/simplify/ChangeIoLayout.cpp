// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-change-io-layout: images come in and go out as NHWC.
#include "dialects/nn/NNStates.h"
#include "passes/simplify/Permutation.h"
#include "passes/simplify/Simplify.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_CHANGEIOLAYOUT
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

const int64_t toNHWC[] = {0, 2, 3, 1}, toNCHW[] = {0, 3, 1, 2};
constexpr llvm::StringLiteral layoutAttrName = "thimble.layout";

bool isTransposeTo(Operation *op, PermutationRef permutation) {
  auto transpose = dyn_cast_or_null<nn::TransposeOp>(op);
  return transpose && transpose.getPermutation() == permutation;
}

struct ChangeIoLayout : simplify::impl::ChangeIoLayoutBase<ChangeIoLayout> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isAllNN(function))
      return;
    // Nobody sees states.
    for (unsigned i : nn::getPublicArguments(function))
      changeInput(function, i);
    Operation *end = function.getBody().front().getTerminator();
    for (unsigned i : nn::getPublicResults(function))
      changeOutput(function, end->getOpOperand(i));
    function.setType(FunctionType::get(&getContext(), function.getBody().getArgumentTypes(), end->getOperandTypes()));
  }

  static bool isImage(Value value) { return isa<RankedTensorType>(value.getType()) && shapeOf(value).size() == 4; }

  void changeInput(func::FuncOp function, unsigned index) {
    BlockArgument input = function.getArgument(index);
    if (!isImage(input) || function.getArgAttr(index, layoutAttrName))
      return;
    // With one channel, or one pixel, both layouts are the same bytes.
    bool isTransposed = llvm::all_of(input.getUsers(), [](Operation *user) { return isTransposeTo(user, toNHWC); });
    if (!isTransposed && !isTrivial(shapeOf(input), toNHWC)) {
      for (Operation *user : input.getUsers())
        if (!isTransposeTo(user, toNHWC)) {
          function.emitWarning() << "input " << index << " stays NCHW, since '" << user->getName()
                                 << "' reads it in this order";
          return;
        }
    }
    RankedTensorType oldType = typeOf(input);
    input.setType(RankedTensorType::get(permuted(oldType.getShape(), toNHWC), oldType.getElementType()));
    function.setArgAttr(index, layoutAttrName, StringAttr::get(&getContext(), "nhwc"));
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    SmallVector<OpOperand *> others;
    for (OpOperand &use : llvm::make_early_inc_range(input.getUses())) {
      if (isTransposeTo(use.getOwner(), toNHWC)) {
        use.getOwner()->getResult(0).replaceAllUsesWith(input);
        use.getOwner()->erase();
      } else {
        others.push_back(&use);
      }
    }
    if (others.empty())
      return;
    Value original = builder.create<nn::ReshapeOp>(function.getLoc(), oldType, input);
    for (OpOperand *use : others)
      use->set(original);
  }

  void changeOutput(func::FuncOp function, OpOperand &operand) {
    Value output = operand.get();
    unsigned index = operand.getOperandNumber();
    if (!isImage(output) || function.getResultAttr(index, layoutAttrName))
      return;
    Operation *producer = output.getDefiningOp();
    OpBuilder builder(operand.getOwner());
    if (isTransposeTo(producer, toNCHW)) {
      operand.set(producer->getOperand(0));
      if (producer->use_empty())
        producer->erase();
    } else if (isTrivial(shapeOf(output), toNHWC)) {
      operand.set(reshaped(builder, output.getLoc(), output, permuted(shapeOf(output), toNHWC)));
    } else {
      function.emitWarning() << "output " << index << " stays NCHW, since it is computed in this order";
      return;
    }
    function.setResultAttr(index, layoutAttrName, StringAttr::get(&getContext(), "nhwc"));
  }
};

} // namespace
