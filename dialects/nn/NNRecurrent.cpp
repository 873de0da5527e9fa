// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes and types of the recurrent operations.
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble::nn;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

static LogicalResult checkTensor(Operation *op, Value value, StringRef name, ArrayRef<int64_t> shape) {
  if (!value)
    return success();
  if (shapeOf(value) != shape)
    return op->emitOpError(name) << " must have shape [" << shape << "], got [" << shapeOf(value) << "]";
  // In a quantized layer, all but the bias are int8: states per tensor, weights per row.
  bool isInt8 = isQuantized(op->getOperand(0).getType()) && name != "bias";
  if (isInt8 ? !isQuantized(value.getType()) : !elementOf(value).isF32())
    return op->emitOpError(name) << " must have " << (isInt8 ? "int8" : "f32") << " elements, got " << elementOf(value);
  return success();
}

// The states of a quantized layer are all int8, or all int16 in the kernels' own units.
static LogicalResult checkStates(Operation *op, ArrayRef<Value> hidden, ArrayRef<Value> cells) {
  auto isWide = [](Value state) { return state && getInt16Type(state.getType()); };
  auto hasScale = [&](Value state, double scale) {
    return !state || (isWide(state) && getInt16Type(state.getType()).getScale() == scale);
  };
  if (llvm::none_of(hidden, isWide) && llvm::none_of(cells, isWide))
    return success();
  if (llvm::all_of(hidden, [&](Value state) { return hasScale(state, 1.0 / 32768); }) &&
      llvm::all_of(cells, [&](Value state) { return hasScale(state, 1.0 / 2048); }))
    return success();
  return op->emitOpError("has an int16 state, so all must be int16: initial_h and y_h of scale 1/32768, initial_c and y_c "
                         "of 1/2048");
}

// What the three have in common; `gates` and `biases` in units of the hidden size.
template <typename Op> static LogicalResult verifyRecurrent(Op op, int64_t gates, int64_t biases, size_t functions) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), recurrence = shapeOf(op.getRecurrence());
  if (x.size() != 3 || recurrence.size() != 2)
    return op.emitOpError("needs x [time, batch, input] and recurrence [gates * hidden, hidden]");
  int64_t batch = x[1], hidden = recurrence[1];
  if (failed(checkTensor(op, op.getX(), "x", x)) ||
      failed(checkTensor(op, op.getWeights(), "weights", {gates * hidden, x[2]})) ||
      failed(checkTensor(op, op.getRecurrence(), "recurrence", {gates * hidden, hidden})) ||
      failed(checkTensor(op, op.getBias(), "bias", {biases * hidden})) ||
      failed(checkTensor(op, op.getInitialH(), "initial_h", {batch, hidden})) ||
      failed(checkTensor(op, op.getY(), "y", {op.getLastOnly() ? 0 : x[0], batch, hidden})) ||
      failed(checkTensor(op, op.getYH(), "y_h", {batch, hidden})))
    return failure();
  if (Value lengths = op.getLengths();
      lengths && (shapeOf(lengths) != ArrayRef<int64_t>{batch} || !elementOf(lengths).isInteger(32)))
    return op.emitOpError("lengths must be one i32 for each of the ") << batch << " sequences";
  if (std::optional<ArrayAttr> activations = op.getActivations()) {
    std::optional<ArrayRef<float>> alphas = op.getAlphas(), betas = op.getBetas();
    if (activations->size() != functions || !alphas || alphas->size() != functions || !betas || betas->size() != functions)
      return op.emitOpError("needs ") << functions << " activation functions with as many alphas and betas";
  }
  if (op.getClip() && !(op.getClip()->convertToFloat() >= 0))
    return op.emitOpError("clip must not be negative");
  return success();
}

LogicalResult RnnOp::verify() { return verifyRecurrent(*this, 1, 1, 1); }

LogicalResult GruOp::verify() {
  return success(succeeded(verifyRecurrent(*this, 3, 4, 2)) && succeeded(checkStates(*this, {getInitialH(), getYH()}, {})));
}

LogicalResult LstmOp::verify() {
  if (failed(verifyRecurrent(*this, 4, 4, 3)))
    return failure();
  int64_t batch = shapeOf(getX())[1], hidden = shapeOf(getRecurrence())[1];
  if (failed(checkStates(*this, {getInitialH(), getYH()}, {getInitialC(), getYC()})))
    return failure();
  return failure(failed(checkTensor(*this, getInitialC(), "initial_c", {batch, hidden})) ||
                 failed(checkTensor(*this, getPeepholes(), "peepholes", {3 * hidden})) ||
                 failed(checkTensor(*this, getYC(), "y_c", {batch, hidden})));
}

template <typename Op> static int64_t macsOf(Op op) {
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getWeights()), r = shapeOf(op.getRecurrence());
  return x[0] * x[1] * w[0] * (w[1] + r[1]);
}

int64_t RnnOp::getMacs() { return macsOf(*this); }
int64_t GruOp::getMacs() { return macsOf(*this); }
int64_t LstmOp::getMacs() { return macsOf(*this); }
