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

/// An operation on each element alone between the model's types and its own, which keeps any order. They stand before the transpose
/// of an input and behind that of an output, so that codes are transposed instead of floats.
bool isConversion(Operation *op) {
  return isa_and_nonnull<nn::QuantizeOp, nn::DequantizeOp, nn::RequantizeOp, nn::LookupOp>(op);
}

bool wantsNHWC(Operation *user) {
  return isTransposeTo(user, toNHWC) ||
         (isConversion(user) && !user->use_empty() && llvm::all_of(user->getUsers(), wantsNHWC));
}

RankedTensorType permutedType(Value value, PermutationRef permutation) {
  RankedTensorType type = typeOf(value);
  return RankedTensorType::get(permuted(type.getShape(), permutation), type.getElementType());
}

/// Of a value whose type has become NHWC: conversions follow it, transposes are done.
void passOnNHWC(Value value) {
  for (Operation *user : llvm::make_early_inc_range(value.getUsers())) {
    if (isTransposeTo(user, toNHWC)) {
      user->getResult(0).replaceAllUsesWith(value);
      user->erase();
    } else if (wantsNHWC(user)) {
      user->getResult(0).setType(permutedType(user->getResult(0), toNHWC));
      passOnNHWC(user->getResult(0));
    }
  }
}

/// The conversions that end in `output`, last first, if a transpose to NCHW stands before them.
std::optional<SmallVector<Operation *>> conversionsOfNCHW(Value output) {
  SmallVector<Operation *> conversions;
  Operation *producer = output.getDefiningOp();
  for (; isConversion(producer) && producer->hasOneUse(); producer = producer->getOperand(0).getDefiningOp())
    conversions.push_back(producer);
  if (!isTransposeTo(producer, toNCHW))
    return std::nullopt;
  return conversions;
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
    if (!isTrivial(shapeOf(input), toNHWC)) {
      for (Operation *user : input.getUsers())
        if (!wantsNHWC(user)) {
          function.emitWarning() << "input " << index << " stays NCHW, since '" << user->getName()
                                 << "' reads it in this order";
          return;
        }
    }
    RankedTensorType oldType = typeOf(input);
    SmallVector<OpOperand *> others;
    for (OpOperand &use : input.getUses())
      if (!wantsNHWC(use.getOwner()))
        others.push_back(&use);
    input.setType(permutedType(input, toNHWC));
    function.setArgAttr(index, layoutAttrName, StringAttr::get(&getContext(), "nhwc"));
    passOnNHWC(input);
    if (others.empty())
      return;
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Value original = builder.create<nn::ReshapeOp>(function.getLoc(), oldType, input);
    for (OpOperand *use : others)
      use->set(original);
  }

  void changeOutput(func::FuncOp function, OpOperand &operand) {
    Value output = operand.get();
    unsigned index = operand.getOperandNumber();
    if (!isImage(output) || function.getResultAttr(index, layoutAttrName))
      return;
    OpBuilder builder(operand.getOwner());
    if (auto conversions = conversionsOfNCHW(output)) {
      OpOperand &last = conversions->empty() ? operand : conversions->back()->getOpOperand(0);
      Operation *transpose = last.get().getDefiningOp();
      last.set(transpose->getOperand(0));
      for (Operation *conversion : *conversions)
        conversion->getResult(0).setType(permutedType(conversion->getResult(0), toNHWC));
      if (transpose->use_empty())
        transpose->erase();
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
