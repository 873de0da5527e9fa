// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Int8 kernels of recurrent layers, and the streams of weights and constants that tmb_kernels.h defines for them.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Numeric.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static int64_t padded(int64_t size) { return (size + 3) / 4 * 4; }

namespace {
// One of the two matrices of a layer: codes and scales of [gates * hidden][depth].
struct Matrix {
  std::vector<int8_t> codes;
  std::vector<double> scales;
  int64_t hidden, depth;

  // Four by four weights of a gate, in the order that the kernel reads; 0 beyond the matrix.
  void append(std::vector<int8_t> &stream, int64_t gate, int64_t unit) const {
    for (int64_t start = 0; start < padded(depth); start += 4)
      for (int64_t row = unit; row < unit + 4; ++row)
        for (int64_t column : {start, start + 2, start + 1, start + 3})
          stream.push_back(row < hidden && column < depth ? codes[size_t((gate * hidden + row) * depth + column)] : 0);
  }

  int64_t largestRow() const {
    int64_t largest = 1;
    for (size_t start = 0; start < codes.size(); start += size_t(depth)) {
      int64_t sum = 0;
      for (int8_t code : ArrayRef<int8_t>(codes).slice(start, size_t(depth)))
        sum += std::abs(int(code));
      largest = std::max(largest, sum);
    }
    return largest;
  }
};

struct Layer {
  ConstantData bias;
  Matrix weights, recurrence;
  int64_t gates, hidden;
};
} // namespace

static Matrix makeMatrix(Value value, const ConstantData &data, int64_t hidden) {
  ArrayRef<int64_t> shape = shapeOf(value);
  Matrix matrix{data.as<int8_t>().vec(), {}, hidden, shape[1]};
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(elementOf(value)))
    matrix.scales.assign(perAxis.getScales().begin(), perAxis.getScales().end());
  else
    matrix.scales.assign(size_t(shape[0]), cast<quant::UniformQuantizedType>(elementOf(value)).getScale());
  return matrix;
}

// An int8 state as the kernel takes it, with the fields that bring it to units of 2^-bits; or one byte that is not read.
static void addState(CallBuilder &call, Operation *op, Value state, StringRef name, int64_t bits) {
  std::string letter = name.str();
  if (!state) {
    call.constant<int8_t>("no_state", IntegerType::get(op->getContext(), 8), ArrayRef<int8_t>{0});
    call.field("has_initial_" + letter, 0).field(letter + "_zero_point", 0).field(letter + "_multiplier", 0);
    call.field(letter + "_start_shift", 0);
    return;
  }
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get() == state && operand.getOperandNumber() > 3) {
      call.operand(operand.getOperandNumber());
      break;
    }
  auto type = nn::getActivationType(state.getType());
  FailureOr<RequantFactor> factor = makeRequantFactor(std::ldexp(type.getScale(), int(bits)));
  if (failed(factor)) {
    call.fail("scale of the initial state is out of proportion");
    return;
  }
  call.field("has_initial_" + letter, 1).field(letter + "_zero_point", type.getZeroPoint());
  call.field(letter + "_multiplier", factor->multiplier).field(letter + "_start_shift", factor->shift);
}

template <typename Op> static FailureOr<Layer> readLayer(Op op, int64_t gates) {
  FailureOr<ConstantData> w = ConstantData::get(op.getWeights()), r = ConstantData::get(op.getRecurrence());
  FailureOr<ConstantData> b = ConstantData::get(op.getBias());
  if (failed(w) || failed(r) || failed(b))
    return op.emitOpError("is quantized but its weights or biases are not constant");
  if (op.getLengths() || op.getActivations() || op.getClip())
    return op.emitOpError("has no int8 kernel with lengths, a clip or activation functions of its own");
  int64_t hidden = shapeOf(op.getRecurrence())[1];
  return Layer{*b, makeMatrix(op.getWeights(), *w, hidden), makeMatrix(op.getRecurrence(), *r, hidden), gates, hidden};
}

// A bias in units of 2^-12; far beyond saturation there are limits.
static int32_t biasUnits(double bias) {
  return int32_t(std::min(std::max(std::floor(bias * 4096 + 0.5), -268435456.0), 268435456.0));
}

// Only the last gate has tanh; the others have a sigmoid, for which the kernels want half of the argument.
static double partOf(const Layer &layer, int64_t gate) { return gate + 1 == layer.gates ? 1 : 0.5; }

// Multipliers of a matrix with one shift for all of its rows.
static FailureOr<std::pair<std::vector<int32_t>, int32_t>> multipliersOf(const Matrix &matrix, double factor,
                                                                         const Layer &layer) {
  std::vector<double> factors;
  for (auto [i, scale] : llvm::enumerate(matrix.scales))
    factors.push_back(scale * factor * partOf(layer, int64_t(i) / layer.hidden));
  FailureOr<int32_t> shift = commonRequantShift(factors);
  if (failed(shift))
    return failure();
  std::vector<int32_t> result;
  for (double one : factors)
    result.push_back(makeRequantFactor(one, *shift)->multiplier);
  return std::pair(std::move(result), *shift);
}

// int16 states are the kernels' own.
static bool hasWideStates(Operation *op) { return bool(nn::getInt16Type(op->getResult(1).getType())); }

template <typename Op> static FailureOr<Calls> finish(CallBuilder &call, Op op, Layer &layer, Value initialC, bool isLstm) {
  ArrayRef<int64_t> x = shapeOf(op.getX());
  int64_t hidden = layer.hidden;
  if (hidden < 1 || x[2] < 1)
    call.fail("has no units or no input");
  auto xType = nn::getInt8Type(op.getX().getType());
  // Arguments of the activation functions have units of 2^-12.
  auto mx = multipliersOf(layer.weights, xType.getScale() * 4096, layer),
       mh = multipliersOf(layer.recurrence, std::ldexp(4096.0, -15), layer);
  if (failed(mx) || failed(mh))
    return op.emitOpError("scales of its weights differ too much for a 32-bit requantization factor");
  if (mh->second != 0 || layer.recurrence.largestRow() > 65535 || (layer.weights.largestRow() * 255) << mx->second > INT32_MAX)
    call.fail("has weights whose sums 32 bits cannot hold");
  std::vector<int8_t> stream;
  std::vector<int32_t> constants;
  for (int64_t unit = 0; unit < padded(hidden); unit += 4)
    for (int64_t gate = 0; gate < layer.gates; ++gate) {
      layer.weights.append(stream, gate, unit);
      layer.recurrence.append(stream, gate, unit);
      for (int64_t row = unit; row < unit + 4; ++row) {
        bool isInside = row < hidden, hasRecurrentBias = !isLstm && gate + 1 == layer.gates;
        int64_t i = gate * hidden + row;
        constants.push_back(isInside ? biasUnits(partOf(layer, gate) * layer.bias.number(i)) : 0);
        constants.push_back(isInside ? mx->first[size_t(i)] : 0);
        constants.push_back(isInside ? mh->first[size_t(i)] : 0);
        if (hasRecurrentBias)
          constants.push_back(isInside ? biasUnits(layer.bias.number(i + hidden)) : 0);
      }
    }
  Builder builder(op.getContext());
  std::vector<int32_t> words(stream.size() / 4);
  std::memcpy(words.data(), stream.data(), stream.size());
  call.operand(0).constant<int32_t>("weights", builder.getI32Type(), words);
  call.constant<int32_t>("constants", builder.getI32Type(), constants);
  addState(call, op, op.getInitialH(), "h", 15);
  if (isLstm)
    addState(call, op, initialC, "c", 11);
  else
    call.field("has_initial_c", 0).field("c_zero_point", 0).field("c_multiplier", 0).field("c_start_shift", 0);
  call.field("time", x[0]).field("batch", x[1]).field("input", x[2]).field("hidden", hidden);
  call.field("in_zero_point", xType.getZeroPoint());
  call.field("wide_states", hasWideStates(op));
  call.field("x_shift", mx->second);
  call.field("reverse", op.getReverse()).field("last_only", op.getLastOnly());
  return call.macs(op.getMacs()).scratch(2 * (padded(x[2]) + 4 * padded(hidden))).finishAlone();
}

static FailureOr<Calls> selectGru(nn::GruOp op) {
  FailureOr<Layer> layer = readLayer(op, 3);
  if (failed(layer))
    return failure();
  CallBuilder call(op, "tmb_gru_s8");
  call.results({0, 1}).field("linear_before_reset", op.getLinearBeforeReset());
  call.field("c_out_zero_point", 0).field("c_out_multiplier", 0).field("c_out_shift", 0);
  return finish(call, op, *layer, Value(), false);
}

static FailureOr<Calls> selectLstm(nn::LstmOp op) {
  FailureOr<Layer> layer = readLayer(op, 4);
  if (failed(layer))
    return failure();
  if (op.getPeepholes() || op.getInputForget())
    return op.emitOpError("has no int8 kernel with peepholes or coupled gates");
  CallBuilder call(op, "tmb_lstm_s8");
  auto cell = nn::getActivationType(op.getYC().getType());
  FailureOr<RequantFactor> factor = makeRequantFactor(std::ldexp(1.0, -11) / cell.getScale());
  if (failed(factor))
    return op.emitOpError("the scale of the cell state is out of proportion");
  call.results({0, 1, 2}).field("linear_before_reset", 0).field("c_out_zero_point", cell.getZeroPoint());
  call.field("c_out_multiplier", factor->multiplier).field("c_out_shift", factor->shift);
  return finish(call, op, *layer, op.getInitialC(), true);
}

FailureOr<Calls> thimble::kernels::selectInt8Recurrent(Operation *op) {
  if (auto gru = dyn_cast<nn::GruOp>(op))
    return selectGru(gru);
  if (auto lstm = dyn_cast<nn::LstmOp>(op))
    return selectLstm(lstm);
  return op->emitOpError("has no int8 kernel");
}
