// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Interval analysis. Bounds that arithmetic computes are not used where rounding could cross them: only signs matter to the
// users.
#include "passes/simplify/Ranges.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

static Interval join(Interval a, Interval b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }
static Interval clamp(Interval a, double low, double high) {
  return {std::min(std::max(a.low, low), high), std::min(std::max(a.high, low), high)};
}

static Interval ofConstant(Value value) {
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (failed(data) || data->size() == 0)
    return {};
  Interval range{data->number(0), data->number(0)};
  for (int64_t i = 0; i < data->size(); ++i) {
    double number = data->number(i);
    if (std::isnan(number))
      return {};
    range = join(range, {number, number});
  }
  return range;
}

static Interval ofUnary(nn::UnaryOp op, unsigned depth) {
  double infinity = std::numeric_limits<double>::infinity();
  Interval x = rangeOf(op.getX(), depth);
  switch (op.getKind()) {
  case nn::UnaryKind::Relu:
    return clamp(x, 0, infinity);
  case nn::UnaryKind::Clamp:
    return clamp(x, op.getAlpha().convertToFloat(), op.getBeta().convertToFloat());
  case nn::UnaryKind::Sigmoid:
  case nn::UnaryKind::HardSigmoid:
    return {0, 1};
  case nn::UnaryKind::Tanh:
  case nn::UnaryKind::Sin:
  case nn::UnaryKind::Cos:
  case nn::UnaryKind::Erf:
  case nn::UnaryKind::Sign:
    return {-1, 1};
  case nn::UnaryKind::Exp:
  case nn::UnaryKind::Sqrt:
  case nn::UnaryKind::Softplus:
    return {0, infinity};
  case nn::UnaryKind::Abs: {
    // The absolute value of the smallest integer is that integer.
    if (!isF32(op.getX()))
      return {};
    double largest = std::max(std::abs(x.low), std::abs(x.high));
    return {x.low >= 0 ? x.low : 0, largest};
  }
  case nn::UnaryKind::Neg:
    return isF32(op.getX()) ? Interval{-x.high, -x.low} : Interval();
  case nn::UnaryKind::LeakyRelu:
    return {x.low >= 0 ? x.low : -infinity, x.high};
  default:
    return {};
  }
}

static Interval ofBinary(nn::BinaryOp op, unsigned depth) {
  Interval range;
  if (op.getKind() == nn::BinaryKind::Max || op.getKind() == nn::BinaryKind::Min) {
    Interval a = rangeOf(op.getA(), depth), b = rangeOf(op.getB(), depth);
    bool isMax = op.getKind() == nn::BinaryKind::Max;
    range = isMax ? Interval{std::max(a.low, b.low), std::max(a.high, b.high)}
                  : Interval{std::min(a.low, b.low), std::min(a.high, b.high)};
  } else if (isF32(op.getY())) { // integers wrap
    bool isNonNegative = rangeOf(op.getA(), depth).low >= 0 && rangeOf(op.getB(), depth).low >= 0;
    if (op.getKind() == nn::BinaryKind::Mul && (op.getA() == op.getB() || isNonNegative))
      range.low = 0;
    if ((op.getKind() == nn::BinaryKind::Add || op.getKind() == nn::BinaryKind::Div) && isNonNegative)
      range.low = 0;
  }
  return clamp(range, op.getAct().first, op.getAct().second);
}

static Interval ofReduce(nn::ReduceOp op, unsigned depth) {
  Interval x = rangeOf(op.getX(), depth);
  bool isFloat = isF32(op.getX());
  switch (op.getKind()) {
  case nn::ReduceKind::Max:
  case nn::ReduceKind::Min:
    return x;
  case nn::ReduceKind::Mean:
  case nn::ReduceKind::Sum:
  case nn::ReduceKind::Prod:
    // A rounded mean may lie a little outside the interval, but not on the other side of zero.
    return isFloat && x.low >= 0 ? Interval{0, std::numeric_limits<double>::infinity()} : Interval();
  case nn::ReduceKind::L1:
  case nn::ReduceKind::L2:
  case nn::ReduceKind::SumSquare:
    return isFloat ? Interval{0, std::numeric_limits<double>::infinity()} : Interval();
  }
  return {};
}

static Interval ofPad(nn::PadOp op, unsigned depth) {
  Interval x = rangeOf(op.getX(), depth);
  double value = op.getValue().convertToDouble();
  return op.getMode() == nn::PadMode::Constant ? join(x, {value, value}) : x;
}

static Interval ofPool(nn::Pool2DOp op, unsigned depth) {
  Interval x = rangeOf(op.getX(), depth);
  // A window in the padding alone has the maximum minus infinity.
  bool isPadded = llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
  if (op.getKind() == nn::PoolKind::Max)
    return isPadded ? Interval{-std::numeric_limits<double>::infinity(), x.high} : x;
  return x.low >= 0 ? Interval{0, std::numeric_limits<double>::infinity()} : Interval();
}

Interval simplify::rangeOf(Value value, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return {};
  --depth;
  return llvm::TypeSwitch<Operation *, Interval>(op)
      .Case([&](nn::ConstantOp) { return ofConstant(value); })
      .Case([&](nn::UnaryOp unary) { return ofUnary(unary, depth); })
      .Case([&](nn::BinaryOp binary) { return ofBinary(binary, depth); })
      .Case<nn::Conv2DOp, nn::FullyConnectedOp>([&](auto weighted) {
        return Interval{weighted.getAct().first, weighted.getAct().second};
      })
      .Case([&](nn::ReduceOp reduce) { return ofReduce(reduce, depth); })
      .Case([&](nn::PadOp pad) { return ofPad(pad, depth); })
      .Case([&](nn::Pool2DOp pool) { return ofPool(pool, depth); })
      .Case([&](nn::SoftmaxOp softmax) {
        return softmax.getLog() ? Interval() : Interval{0, 1};
      })
      .Case<nn::ReshapeOp, nn::TransposeOp, nn::SliceOp, nn::BroadcastOp, nn::GatherOp>(
          [&](auto mover) { return rangeOf(mover.getX(), depth); })
      .Case([&](nn::ConcatOp concat) {
        Interval range = rangeOf(concat.getInputs()[0], depth);
        for (Value input : concat.getInputs().drop_front())
          range = join(range, rangeOf(input, depth));
        return range;
      })
      .Case([&](nn::CastOp cast) {
        bool isBoolean = elementOf(cast.getX()).isInteger(1);
        bool isUnsigned = elementOf(cast.getX()).isUnsignedInteger() && isF32(cast.getY());
        return isBoolean ? Interval{0, 1} : isUnsigned ? Interval{0, std::numeric_limits<double>::infinity()} : Interval();
      })
      .Default([](Operation *) { return Interval(); });
}
