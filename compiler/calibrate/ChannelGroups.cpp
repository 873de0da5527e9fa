// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Grouping by union-find over the operations that commute with a scaling of channels.
#include "compiler/calibrate/ChannelGroups.h"
#include "compiler/support/Constants.h"
#include "passes/quantize/Range.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static int64_t lastDim(Value value) { return shapeOf(value).empty() ? 0 : shapeOf(value).back(); }

static std::pair<float, float> clampOf(Operation *op) {
  std::pair<float, float> clamp{-INFINITY, INFINITY};
  llvm::TypeSwitch<Operation *>(op).Case<nn::Conv2DOp, nn::FullyConnectedOp, nn::BinaryOp>(
      [&](auto typed) { clamp = typed.getAct(); });
  return clamp;
}

// No lower bound but 0, which commutes with a scaling. Upper bounds limit the factors.
static bool clampCommutes(Operation *op) {
  auto [low, high] = clampOf(op);
  return (low == 0 || std::isinf(low)) && high > 0;
}

static bool keepsChannels(nn::PadOp op) {
  auto lastIsZero = [](ArrayRef<int64_t> numbers) { return !numbers.empty() && numbers.back() == 0; };
  return lastIsZero(op.getBefore()) && lastIsZero(op.getAfter()) &&
         (op.getMode() != nn::PadMode::Constant || op.getValue().isZero());
}

static bool keepsChannels(nn::ReduceOp op) {
  bool isLinear = op.getKind() == nn::ReduceKind::Mean || op.getKind() == nn::ReduceKind::Sum ||
                  op.getKind() == nn::ReduceKind::Max || op.getKind() == nn::ReduceKind::Min;
  return isLinear && !llvm::is_contained(op.getAxes(), int64_t(shapeOf(op.getX()).size()) - 1);
}

// The operands with which `op` commutes: op(s * x) = s * op(x). None if it does not.
static SmallVector<Value> commutingOperands(Operation *op) {
  bool commutes = isa<nn::ReshapeOp, nn::Pool2DOp>(op);
  if (auto unary = dyn_cast<nn::UnaryOp>(op))
    commutes = unary.getKind() == nn::UnaryKind::Relu || unary.getKind() == nn::UnaryKind::LeakyRelu;
  if (auto reduce = dyn_cast<nn::ReduceOp>(op))
    commutes = keepsChannels(reduce);
  if (auto pad = dyn_cast<nn::PadOp>(op))
    commutes = keepsChannels(pad);
  if (auto binary = dyn_cast<nn::BinaryOp>(op))
    commutes = (binary.getKind() == nn::BinaryKind::Add || binary.getKind() == nn::BinaryKind::Sub) && clampCommutes(op) &&
               lastDim(binary.getA()) == lastDim(binary.getB());
  return commutes ? SmallVector<Value>(op->getOperands()) : SmallVector<Value>();
}

static bool hasConstantWeights(Operation *op) {
  return llvm::all_of(op->getOperands().drop_front(), [](Value operand) { return succeeded(ConstantData::get(operand)); });
}

static bool isConsumer(Operation *op) { return isa<nn::Conv2DOp, nn::FullyConnectedOp>(op) && hasConstantWeights(op); }

static bool isProducer(Operation *op) {
  if (auto norm = dyn_cast<nn::LayerNormOp>(op))
    return hasConstantWeights(op) && int64_t(norm.getAxis()) + 1 == int64_t(shapeOf(norm.getX()).size());
  return isConsumer(op) && clampCommutes(op);
}

namespace {
class Grouping {
public:
  explicit Grouping(func::FuncOp function) {
    Block &body = function.getBody().front();
    pinned.append(body.args_begin(), body.args_end());
    for (Operation &op : body)
      visit(&op);
  }
  std::vector<ChannelGroup> collect();

private:
  void visit(Operation *op);

  llvm::EquivalenceClasses<void *> classes;
  SmallVector<Value> pinned; // must stay as they are
  SmallVector<Value> values; // in program order
  llvm::DenseMap<Value, Operation *> producers;
  llvm::DenseMap<Value, SmallVector<Operation *>> consumers;
};
} // namespace

void Grouping::visit(Operation *op) {
  SmallVector<Value> commuting = commutingOperands(op);
  for (Value operand : op->getOperands()) {
    bool isActivation = quantize::isFloat(operand) && !isa_and_nonnull<nn::ConstantOp>(operand.getDefiningOp());
    // Sums with a constant do not commute.
    if (!isActivation)
      commuting.clear();
  }
  for (Value operand : op->getOperands()) {
    if (isConsumer(op) && operand == op->getOperand(0))
      consumers[operand].push_back(op);
    else if (!llvm::is_contained(commuting, operand))
      pinned.push_back(operand);
  }
  if (op->getNumResults() != 1 || !quantize::isFloat(op->getResult(0)) || isa<nn::ConstantOp>(op))
    return;
  Value result = op->getResult(0);
  values.push_back(result);
  classes.insert(result.getAsOpaquePointer());
  for (Value operand : commuting)
    classes.unionSets(result.getAsOpaquePointer(), operand.getAsOpaquePointer());
  if (isProducer(op))
    producers[result] = op;
  else if (commuting.empty())
    pinned.push_back(result);
}

// Whole pixels everywhere but behind a reshape, which keeps indices modulo the number of channels.
static bool fits(const ChannelGroup &group) {
  return group.channels > 1 && llvm::all_of(group.values, [&](Value value) {
           int64_t last = lastDim(value);
           return isa<nn::ReshapeOp>(value.getDefiningOp()) ? last % group.channels == 0 : last == group.channels;
         });
}

std::vector<ChannelGroup> Grouping::collect() {
  auto leaderOf = [&](Value value) {
    auto leader = classes.findLeader(value.getAsOpaquePointer());
    return leader == classes.member_end() ? nullptr : *leader;
  };
  llvm::DenseSet<void *> unusable;
  for (Value value : pinned)
    unusable.insert(leaderOf(value));
  llvm::MapVector<void *, ChannelGroup> groups;
  for (Value value : values) {
    ChannelGroup &group = groups[leaderOf(value)];
    group.clamp = group.values.empty() ? INFINITY : group.clamp;
    group.clamp = std::min(group.clamp, clampOf(value.getDefiningOp()).second);
    group.values.push_back(value);
    if (Operation *producer = producers.lookup(value))
      group.producers.push_back(producer);
    llvm::append_range(group.consumers, consumers.lookup(value));
  }
  std::vector<ChannelGroup> result;
  for (auto &entry : groups) {
    ChannelGroup &group = entry.second;
    if (unusable.contains(entry.first) || group.producers.empty() || group.consumers.empty())
      continue;
    group.channels = lastDim(group.producers.front()->getResult(0));
    if (fits(group))
      result.push_back(std::move(group));
  }
  return result;
}

std::vector<ChannelGroup> calibrate::findChannelGroups(func::FuncOp function) { return Grouping(function).collect(); }
