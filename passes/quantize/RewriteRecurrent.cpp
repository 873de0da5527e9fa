// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recurrent layers in int8: weights with one scale a row, outputs of scale 1/128, states in int8 or as the kernels have them.
#include "passes/quantize/RewriteInt8.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

// Weights of which each row has a scale, as a constant; null if they are not constant or not finite.
static Value quantizeRows(Value weights, OpBuilder &builder) {
  FailureOr<ConstantData> data = ConstantData::get(weights);
  if (failed(data))
    return {};
  int64_t rows = cast<RankedTensorType>(weights.getType()).getDimSize(0);
  FailureOr<QuantizedWeights> quantized = quantizeWeights(builder.getContext(), data->as<float>(), {}, rows, 1);
  if (failed(quantized))
    return {};
  RankedTensorType type = withElement(weights.getType(), quantized->element);
  return builder.create<nn::ConstantOp>(weights.getLoc(), type, makeConstant<int8_t>(type, quantized->codes));
}

const char *quantize::whyFloat(Operation *op) {
  auto common = [](auto typed) -> const char * {
    if (typed.getLengths())
      return "with lengths of sequences";
    if (typed.getActivations() || typed.getClip())
      return "with a clip or activation functions of its own";
    return nullptr;
  };
  if (auto gru = dyn_cast<nn::GruOp>(op))
    return common(gru);
  auto lstm = cast<nn::LstmOp>(op);
  if (lstm.getPeepholes() || lstm.getInputForget())
    return "with peepholes or coupled gates";
  return common(lstm);
}

FailureOr<SmallVector<Value>> quantize::rewriteRecurrent(Operation *op, Int8Rewrite &rewrite) {
  if (rewrite.adopt) {
    rewrite.refuse("that the model does not quantize");
    return SmallVector<Value>();
  }
  if (const char *why = whyFloat(op)) {
    rewrite.refuse(why);
    return SmallVector<Value>();
  }
  OpBuilder &builder = rewrite.forms.getBuilder();
  Value weights = quantizeRows(op->getOperand(1), builder), recurrence = quantizeRows(op->getOperand(2), builder);
  bool hasBias = isa_and_nonnull<nn::ConstantOp>(op->getOperand(3).getDefiningOp());
  if (!weights || !recurrence || !hasBias) {
    rewrite.refuse("whose weights are not constant");
    return SmallVector<Value>();
  }
  bool hasWideStates = rewrite.forms.getPlan().hasWideStates(op);
  auto lstm = dyn_cast<nn::LstmOp>(op);
  // One value may be both: by the place of the operand. Lengths and peepholes are not there.
  unsigned cellOperand = lstm ? (lstm.getInitialH() ? 5 : 4) : 0;
  auto stateType = [&](OpOperand &operand) {
    return makeInt16Type(op->getContext(), operand.getOperandNumber() == cellOperand ? 1.0 / 2048 : 1.0 / 32768);
  };
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    bool isState = operand.getOperandNumber() > 3 && hasWideStates;
    FailureOr<Value> value = operand.getOperandNumber() == 1   ? FailureOr<Value>(weights)
                             : operand.getOperandNumber() == 2 ? FailureOr<Value>(recurrence)
                             : operand.getOperandNumber() == 3 ? rewrite.forms.getReal(operand.get())
                               : isState                         ? rewrite.forms.getInt8(operand.get(), stateType(operand))
                                                                 : rewrite.operand(operand.get());
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  OperationState state(op->getLoc(), op->getName(), operands, {}, {});
  for (Value result : op->getResults()) {
    Int8Type type = rewrite.forms.getPlan().getType(result);
    state.addTypes(withElement(result.getType(), type));
  }
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return SmallVector<Value>(builder.create(state)->getResults());
}
