// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types forward from ranges and operands, then backward from concatenations to what they join.
#include "passes/quantize/TypePlan.h"
#include "dialects/nn/NNStates.h"
#include "passes/quantize/Range.h"
#include "passes/quantize/RewriteInt8.h"
#include "passes/quantize/ScaleSharing.h"
#include "passes/quantize/Table16.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

// How far a constant (a mask of -1e9, the border of a maximum) may stretch the range of what it is joined with. Beyond, it
// saturates: the other elements need their resolution. Calibration knows better how much of it matters.
constexpr double largestStretch = 4, largestCalibratedStretch = 64;

static Range unite(Range a, Range b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

static Range intersect(Range a, Range b) {
  Range common{std::max(a.low, b.low), std::min(a.high, b.high)};
  return common.low <= common.high ? common : b;
}

static float clampTo(Range range, float number) { return std::min(std::max(number, range.low), range.high); }

// The clamp of a fused activation function.
static Range clampOf(Operation *op) {
  std::pair<float, float> act{-INFINITY, INFINITY};
  llvm::TypeSwitch<Operation *>(op).Case<nn::Conv2DOp, nn::FullyConnectedOp, nn::BinaryOp>(
      [&](auto typed) { act = typed.getAct(); });
  return {act.first, act.second};
}

static bool isConstant(Value value) { return isa_and_nonnull<nn::ConstantOp>(value.getDefiningOp()); }

// The interval that a constant spans, infinities included.
static Range reachOfConstant(Value value) {
  Range range{0, 0};
  if (FailureOr<ConstantData> data = ConstantData::get(value); succeeded(data))
    for (float element : data->as<float>())
      range = unite(range, {element, element});
  return range;
}

// Values without an int16 form: sequences of outputs of recurrent layers.
static bool isNarrowOnly(Value value) {
  return isa_and_nonnull<nn::GruOp, nn::LstmOp, nn::RnnOp>(value.getDefiningOp()) &&
         cast<OpResult>(value).getResultNumber() == 0;
}

bool TypePlan::markWide(Value value) {
  return isFloat(value) && !isConstant(value) && !isNarrowOnly(value) && wide.insert(value).second;
}

bool TypePlan::hasWideStates(Operation *op) const {
  return llvm::any_of(op->getResults().drop_front(), [&](Value state) { return wide.contains(state); });
}

// The states with which a recurrent layer starts; null where it has none.
static std::pair<Value, Value> initialStates(Operation *op) {
  if (auto lstm = dyn_cast<nn::LstmOp>(op))
    return {lstm.getInitialH(), lstm.getInitialC()};
  return {cast<nn::GruOp>(op).getInitialH(), Value()};
}

// What is marked makes its operands int16; what only moves elements has one width; the states of a layer that hands them over
// from one run to the next are int16, since their errors would add up.
void TypePlan::findWide(Block &body) {
  for (BlockArgument argument : body.getArguments())
    if (isMarkedInt16(argument))
      markWide(argument);
  for (auto [value, type] : adopted)
    if (isInt16(type))
      markWide(value);
  for (Operation &op : body) {
    if (auto dequantize = dyn_cast<nn::DequantizeOp>(op); dequantize && nn::getInt16Type(dequantize.getX().getType()))
      markWide(dequantize.getY());
    if (op.getNumResults() > 0 && isMarkedInt16(op.getResult(0)))
      for (Value value : llvm::concat<Value>(SmallVector<Value>(op.getOperands()), SmallVector<Value>(op.getResults())))
        markWide(value);
    if (op.getNumResults() == 1 && isMarkedInt16(op.getResult(0)) && fusion->isExpression(op.getResult(0)))
      markWide(fusion->getRoot(op.getResult(0)));
    if (isa<nn::GruOp, nn::LstmOp>(op)) {
      auto lstm = dyn_cast<nn::LstmOp>(op);
      auto isGiven = [](Value state) { return state && !isConstant(state); };
      auto [initialH, initialC] = initialStates(&op);
      if (isGiven(initialH) || isGiven(initialC) || (lstm && !lstm.getYC().use_empty()))
        for (Value state : op.getResults().drop_front())
          markWide(state);
    }
  }
  for (bool isChanged = true; isChanged;) {
    isChanged = false;
    for (Operation &op : body) {
      SmallVector<OpOperand *> sharing = getSharingOperands(&op);
      bool isWide = !sharing.empty() && wide.contains(op.getResult(0));
      for (OpOperand *operand : sharing)
        isWide |= wide.contains(operand->get());
      if (isWide)
        isChanged |= markWide(op.getResult(0));
      for (OpOperand *operand : sharing)
        if (isWide)
          isChanged |= markWide(operand->get());
      if (!isa<nn::GruOp, nn::LstmOp>(op) || !hasWideStates(&op))
        continue;
      for (Value state : op.getResults().drop_front())
        isChanged |= markWide(state);
      auto [initialH, initialC] = initialStates(&op);
      for (Value state : {initialH, initialC})
        if (state)
          isChanged |= markWide(state);
    }
  }
}

Int8Type TypePlan::chooseBy(Value value, Range range) const {
  return wide.contains(value) ? chooseInt16Type(value.getContext(), range) : chooseInt8Type(value.getContext(), range);
}

Int8Type TypePlan::getNarrowType(Value value) const {
  Int8Type type = getType(value);
  if (!isInt16(type))
    return type;
  if (isa_and_nonnull<nn::SoftmaxOp>(value.getDefiningOp()))
    return makeInt8Type(value.getContext(), 1.0 / 256, -128);
  FailureOr<std::optional<Range>> range = getRange(value);
  return chooseInt8Type(value.getContext(), succeeded(range) && *range ? **range : rangeOf(type));
}

Int8Type TypePlan::chooseSharedType(Operation *op, ArrayRef<OpOperand *> operands, std::optional<Range> calibrated) {
  Int8Type first;
  std::optional<Range> range;
  bool isSame = true;
  SmallVector<Range> constants;
  for (OpOperand *operand : operands) {
    Int8Type type = types.lookup(operand->get());
    if (isConstant(operand->get()) && operands.size() > 1) {
      if (type)
        constants.push_back(rangeOf(type));
      else if (calibrated) // infinities saturate
        constants.push_back(reachOfConstant(operand->get()));
      continue;
    }
    if (!type)
      return {};
    isSame &= !first || first == type;
    first = first ? first : type;
    range = range ? unite(*range, rangeOf(type)) : rangeOf(type);
  }
  if (auto pad = dyn_cast<nn::PadOp>(op); pad && pad.getMode() == nn::PadMode::Constant)
    if (float value = float(pad.getValue().convertToDouble()); std::isfinite(value))
      constants.push_back({value, value});
  double stretch = calibrated ? largestCalibratedStretch : largestStretch;
  for (Range constant : constants) {
    if (calibrated)
      constant = {clampTo(*calibrated, constant.low), clampTo(*calibrated, constant.high)};
    Range united = range ? unite(*range, constant) : constant;
    bool isInside = range && united.low == range->low && united.high == range->high;
    bool isTooFar = range && double(united.high) - united.low > stretch * (double(range->high) - range->low);
    if (isInside || isTooFar)
      continue;
    isSame = false;
    range = united;
  }
  return isSame ? first : chooseBy(op->getResult(0), *range);
}

FailureOr<Int8Type> TypePlan::chooseExpressionType(Value value, std::optional<Range> range) {
  Int8Type rootType = types.lookup(fusion->getRoot(value));
  if (!rootType)
    return Int8Type();
  if (isInt16(rootType) || wide.contains(value)) {
    if (getClamp(value, fusion->getRoot(value)) && wide.contains(value))
      return widen(rootType);
    return range ? chooseBy(value, *range) : Int8Type();
  }
  std::vector<float> reals;
  for (int code = -128; code < 128; ++code)
    reals.push_back(float(rootType.getScale() * double(code - rootType.getZeroPoint())));
  FailureOr<std::vector<float>> results = fusion->evaluate(value, reals);
  if (failed(results))
    return failure();
  std::optional<Range> reached;
  for (float result : *results)
    if (std::isfinite(result))
      reached = reached ? unite(*reached, {result, result}) : Range{result, result};
  numbers[value] = std::move(*results);
  if (!range)
    return Int8Type();
  return chooseInt8Type(value.getContext(), reached ? intersect(*range, *reached) : *range);
}

FailureOr<Int8Type> TypePlan::chooseType(Value value) {
  MLIRContext *context = value.getContext();
  Operation *op = value.getDefiningOp();
  if (isConstant(value)) {
    FailureOr<ConstantData> data = ConstantData::get(value);
    if (failed(data))
      return op->emitError("constant holds no data");
    FailureOr<Int8Type> type = chooseConstantType(context, data->as<float>());
    return succeeded(type) ? *type : Int8Type();
  }
  if (auto dequantize = dyn_cast_or_null<nn::DequantizeOp>(op))
    return nn::getActivationType(dequantize.getX().getType());
  bool isWide = wide.contains(value);
  FailureOr<std::optional<Range>> range = isWide ? getSeen(value) : getRange(value);
  if (failed(range))
    return failure();
  Int8Type given = adopted.lookup(value);
  if (fusion->isExpression(value)) {
    FailureOr<Int8Type> type = chooseExpressionType(value, *range);
    return succeeded(type) && given ? given : type;
  }
  if (given && !isa_and_nonnull<nn::SoftmaxOp, nn::GruOp, nn::LstmOp>(op))
    return given;
  if (op) {
    if (SmallVector<OpOperand *> operands = getSharingOperands(op); !operands.empty())
      return chooseSharedType(op, operands, *range);
    bool isBounded = isa<nn::GruOp, nn::LstmOp>(op) && !op->hasAttr("activations");
    // States are within -1 and 1; the cell of an LSTM is not, but then it is int16.
    bool isCell = isa<nn::LstmOp>(op) && value == op->getResult(op->getNumResults() - 1);
    if (isBounded && isWide)
      return makeInt16Type(context, isCell ? 1.0 / 2048 : 1.0 / 32768);
    if (isBounded)
      return makeInt8Type(context, isCell ? 1.0 / 8 : 1.0 / 128, 0);
    if (auto softmax = dyn_cast<nn::SoftmaxOp>(op); softmax && !softmax.getLog() && isWide)
      return makeInt16Type(context, 1.0 / 32768);
    if (auto softmax = dyn_cast<nn::SoftmaxOp>(op); softmax && !softmax.getLog())
      return makeInt8Type(context, 1.0 / 256, -128);
    if (auto reduce = dyn_cast<nn::ReduceOp>(op); reduce && reduce.getKind() == nn::ReduceKind::Min && !isWide)
      return types.lookup(reduce.getX());
  }
  if (!*range)
    return Int8Type();
  return chooseBy(value, op ? intersect(**range, clampOf(op)) : **range);
}

// A value that the model quantizes has that type, and so has what reaches it unchanged.
void TypePlan::adoptTypes(Block &body) {
  for (Operation &op : llvm::reverse(body)) {
    if (auto quantize = dyn_cast<nn::QuantizeOp>(op)) {
      adopted.try_emplace(quantize.getX(), nn::getActivationType(quantize.getY().getType()));
    } else if (op.getNumResults() == 1) {
      if (Int8Type type = adopted.lookup(op.getResult(0)))
        for (OpOperand *operand : getSharingOperands(&op))
          if (operand->get().hasOneUse())
            adopted.try_emplace(operand->get(), type);
    }
  }
}

// A producer whose only consumer wants another scale computes in that scale at once.
void TypePlan::shareBackwards(Operation *op) {
  if (op->getNumResults() != 1)
    return;
  Int8Type type = types.lookup(op->getResult(0));
  for (OpOperand *operand : getSharingOperands(op)) {
    Value value = operand->get();
    Operation *producer = value.getDefiningOp();
    bool isFixed = !producer || !value.hasOneUse() || adopted.contains(value) ||
                   isa<nn::ConstantOp, nn::SoftmaxOp, nn::DequantizeOp, nn::GruOp, nn::LstmOp>(producer);
    if (type && !isFixed && types.lookup(value) && isInt16(type) == isInt16(types.lookup(value)))
      types[value] = type;
  }
}

// Whether a state is computed in float, and keeps its precision: what a layer leaves that has no int8 form.
static bool staysFloat(Value value) {
  while (auto reshape = value.getDefiningOp<nn::ReshapeOp>())
    value = reshape.getX();
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<nn::GruOp, nn::LstmOp>(op) && whyFloat(op))
    return true;
  return isa<nn::RnnOp>(op) || op->hasAttr(keepFloatAttrName);
}

FailureOr<TypePlan> TypePlan::create(func::FuncOp function, const ElementwiseFusion &fusion) {
  TypePlan plan(fusion);
  Block &body = function.getBody().front();
  plan.adoptTypes(body);
  plan.findWide(body);
  auto choose = [&](Value value) -> LogicalResult {
    if (!isFloat(value))
      return success();
    FailureOr<Int8Type> type = plan.chooseType(value);
    if (failed(type))
      return failure();
    if (*type)
      plan.types[value] = *type;
    return success();
  };
  auto chooseAll = [&] {
    bool isSound = true;
    for (BlockArgument argument : body.getArguments())
      isSound &= succeeded(choose(argument));
    for (Operation &op : body)
      for (Value result : op.getResults())
        isSound &= succeeded(choose(result));
    return success(isSound);
  };
  if (failed(chooseAll()))
    return failure();
  // A state has the type of what a run leaves there, which follows from its producer.
  bool isAnew = false;
  for (nn::StatePair state : nn::getStates(function)) {
    Value argument = body.getArgument(state.argument), result = body.getTerminator()->getOperand(state.result);
    if (!isFloat(argument))
      continue;
    if (Int8Type type = staysFloat(result) ? Int8Type() : plan.types.lookup(result)) {
      isAnew |= plan.types.lookup(argument) != type;
      plan.adopted[argument] = type;
    } else {
      plan.floatStates.insert(argument);
    }
  }
  if (isAnew && failed(chooseAll()))
    return failure();
  for (Operation &op : llvm::reverse(body))
    plan.shareBackwards(&op);
  return plan;
}
