// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of recurrent layers.
#include "codegen/kernels/CallBuilder.h"
#include "thimble/tmb_abi.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static_assert(int(nn::RecurrentActivation::Softplus) == TMB_RECURRENT_SOFTPLUS &&
                  int(nn::RecurrentActivation::Elu) == TMB_RECURRENT_ELU &&
                  int(nn::RecurrentActivation::Tanh) == TMB_RECURRENT_TANH,
              "activation functions of the dialect and of the runtime have the same numbers");

// Operands that are left out are not read: the bias stands in their place.
static void addState(CallBuilder &call, Operation *op, Value value, StringRef name) {
  unsigned bias = 3, index = bias;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (value && operand == value && i > bias)
      index = unsigned(i);
  call.operand(index).field(("has_" + name).str(), value ? 1 : 0);
}

template <typename Op> static void addLengths(CallBuilder &call, Op op) {
  if (Value lengths = op.getLengths())
    call.operand(op->getNumOperands() - 1);
  else
    call.constant<int32_t>("lengths", IntegerType::get(op.getContext(), 32), {0});
  call.field("has_lengths", op.getLengths() ? 1 : 0);
}

template <typename Op> static FailureOr<Calls> finish(CallBuilder &call, Op op, int64_t scratchPerHidden) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  int64_t hidden = shapeOf(op.getRecurrence())[1];
  call.field("time", x[0]).field("batch", x[1]).field("input", x[2]).field("hidden", hidden);
  call.field("reverse", op.getReverse()).field("last_only", op.getLastOnly());
  call.real("clip", op.getClip() ? op.getClip()->convertToDouble() : std::numeric_limits<double>::infinity());
  StringRef names[] = {"f", "g", "h"};
  for (auto [i, name] : llvm::enumerate(names)) {
    bool isGiven = op.getActivations() && i < op.getActivations()->size();
    int64_t function = isGiven ? int64_t(cast<nn::RecurrentActivationAttr>((*op.getActivations())[i]).getValue()) : 0;
    call.field(name, function);
    call.real((name + "_alpha").str(), isGiven ? (*op.getAlphas())[i] : 0)
        .real((name + "_beta").str(), isGiven ? (*op.getBetas())[i] : 0);
  }
  return call.macs(op.getMacs()).scratch(scratchPerHidden * hidden * int64_t(sizeof(float))).finishAlone();
}

template <typename Op> static std::string kernelName(Op op, StringRef kind) {
  return ("tmb_" + kind + (op.getActivations() ? "_custom_f32" : "_f32")).str();
}

template <typename Op>
static FailureOr<Calls> selectSimple(Op op, StringRef kind, bool linearBeforeReset, int64_t scratchPerHidden) {
  CallBuilder call(op, kernelName(op, kind));
  call.operand(0).operand(1).operand(2).operand(3);
  addState(call, op, op.getInitialH(), "initial_h");
  addLengths(call, op);
  call.field("has_initial_c", 0)
      .field("has_peepholes", 0)
      .field("input_forget", 0)
      .field("linear_before_reset", linearBeforeReset);
  return finish(call.results({0, 1}), op, scratchPerHidden);
}

static FailureOr<Calls> selectLstm(nn::LstmOp op) {
  CallBuilder call(op, kernelName(op, "lstm"));
  call.operand(0).operand(1).operand(2).operand(3);
  addState(call, op, op.getInitialH(), "initial_h");
  addState(call, op, op.getInitialC(), "initial_c");
  addState(call, op, op.getPeepholes(), "peepholes");
  addLengths(call, op);
  call.field("input_forget", op.getInputForget()).field("linear_before_reset", 0);
  return finish(call.results({0, 1, 2}), op, 4);
}

FailureOr<Calls> thimble::kernels::selectRecurrent(Operation *op) {
  if (auto lstm = dyn_cast<nn::LstmOp>(op))
    return selectLstm(lstm);
  if (auto gru = dyn_cast<nn::GruOp>(op))
    return selectSimple(gru, "gru", gru.getLinearBeforeReset(), 4);
  return selectSimple(cast<nn::RnnOp>(op), "rnn", false, 1);
}
