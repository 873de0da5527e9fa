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

// No clamp but that at 0, which commutes with a scaling.
template <typename Op> static bool isHomogeneous(Op op) {
  auto [low, high] = op.getAct();
  return (low == 0 || std::isinf(low)) && std::isinf(high);
}

// Operands of `op` whose channels are those of its result: op(s * x) = s * op(x). Nothing if it does not commute.
static SmallVector<Value> commutingOperands(Operation *op) {
  Value x = op->getNumOperands() > 0 ? op->getOperand(0) : Value();
  auto keepsLast = [&](ArrayRef<int64_t> numbers) { return !numbers.empty() && numbers.back() == 0; };
  if (isa<nn::ReshapeOp>(op))
    return {x}; // the order of elements stays, and so do indices modulo the number of channels
  if (auto unary = dyn_cast<nn::UnaryOp>(op)) {
    bool commutes = unary.getKind() == nn::UnaryKind::Relu || unary.getKind() == nn::UnaryKind::LeakyRelu;
    return commutes ? SmallVector<Value>{x} : SmallVector<Value>{};
  }
  if (isa<nn::Pool2DOp>(op))
    return {x};
  if (auto reduce = dyn_cast<nn::ReduceOp>(op)) {
    bool commutes = reduce.getKind() == nn::ReduceKind::Mean || reduce.getKind() == nn::ReduceKind::Sum ||
                    reduce.getKind() == nn::ReduceKind::Max || reduce.getKind() == nn::ReduceKind::Min;
    return commutes && !llvm::is_contained(reduce.getAxes(), int64_t(shapeOf(x).size()) - 1) ? SmallVector<Value>{x}
                                                                                            : SmallVector<Value>{};
  }
  if (auto pad = dyn_cast<nn::PadOp>(op)) {
    bool commutes = keepsLast(pad.getBefore()) && keepsLast(pad.getAfter()) &&
                    (pad.getMode() != nn::PadMode::Constant || pad.getValue().isZero());
    return commutes ? SmallVector<Value>{x} : SmallVector<Value>{};
  }
  if (auto binary = dyn_cast<nn::BinaryOp>(op)) {
    bool commutes = (binary.getKind() == nn::BinaryKind::Add || binary.getKind() == nn::BinaryKind::Sub) && isHomogeneous(binary) &&
                    lastDim(binary.getA()) == lastDim(binary.getB());
    return commutes ? SmallVector<Value>{binary.getA(), binary.getB()} : SmallVector<Value>{};
  }
  return {};
}

static bool hasConstantWeights(Operation *op) {
  return isa<nn::Conv2DOp, nn::FullyConnectedOp>(op) &&
         llvm::all_of(op->getOperands().drop_front(), [](Value operand) { return succeeded(ConstantData::get(operand)); });
}

static bool isProducer(Operation *op) {
  if (auto conv = dyn_cast<nn::Conv2DOp>(op))
    return hasConstantWeights(op) && isHomogeneous(conv);
  auto layer = dyn_cast<nn::FullyConnectedOp>(op);
  return layer && hasConstantWeights(op) && isHomogeneous(layer);
}

namespace {
class Grouping {
public:
  explicit Grouping(func::FuncOp function) {
    for (Operation &op : function.getBody().front())
      visit(&op);
  }
  std::vector<ChannelGroup> collect();

private:
  void visit(Operation *op);
  void pin(Value value) { pinned.insert(value); }

  llvm::EquivalenceClasses<void *> classes;
  llvm::DenseSet<Value> pinned;
  SmallVector<Value> values; // in program order
  llvm::MapVector<Value, SmallVector<Operation *>> producers, consumers;
};
} // namespace

void Grouping::visit(Operation *op) {
  bool isLayer = hasConstantWeights(op);
  SmallVector<Value> commuting = isLayer ? SmallVector<Value>{} : commutingOperands(op);
  for (Value operand : op->getOperands()) {
    if (!quantize::isFloat(operand) || isa_and_nonnull<nn::ConstantOp>(operand.getDefiningOp())) {
      // A sum with a constant does not commute.
      if (!isLayer && !commuting.empty())
        for (Value other : commuting)
          pin(other);
      continue;
    }
    if (isa<BlockArgument>(operand))
      pin(operand);
    if (isLayer && operand == op->getOperand(0))
      consumers[operand].push_back(op);
    else if (!llvm::is_contained(commuting, operand))
      pin(operand);
  }
  if (op->getNumResults() != 1 || !quantize::isFloat(op->getResult(0)) || isa<nn::ConstantOp>(op))
    return;
  Value result = op->getResult(0);
  values.push_back(result);
  classes.insert(result.getAsOpaquePointer());
  if (isProducer(op))
    producers[result].push_back(op);
  else if (commuting.empty())
    pin(result);
  for (Value operand : commuting)
    classes.unionSets(result.getAsOpaquePointer(), operand.getAsOpaquePointer());
}

// The number of input channels of a layer, as factors are divided from its weights.
static int64_t inputChannels(Operation *op) { return lastDim(op->getOperand(0)); }

std::vector<ChannelGroup> Grouping::collect() {
  llvm::MapVector<void *, ChannelGroup> groups;
  llvm::DenseSet<void *> unusable;
  for (Value value : pinned)
    if (auto leader = classes.findLeader(value.getAsOpaquePointer()); leader != classes.member_end())
      unusable.insert(*leader);
  for (Value value : values) {
    void *leader = *classes.findLeader(value.getAsOpaquePointer());
    if (unusable.contains(leader))
      continue;
    ChannelGroup &group = groups[leader];
    group.values.push_back(value);
    llvm::append_range(group.producers, producers.lookup(value));
    llvm::append_range(group.consumers, consumers.lookup(value));
  }
  std::vector<ChannelGroup> result;
  for (auto &entry : groups) {
    ChannelGroup &group = entry.second;
    if (group.producers.empty() || group.consumers.empty())
      continue;
    group.channels = lastDim(group.producers.front()->getResult(0));
    bool fits = group.channels > 1 &&
                llvm::all_of(group.producers, [&](Operation *op) { return lastDim(op->getResult(0)) == group.channels; }) &&
                llvm::all_of(group.consumers, [&](Operation *op) { return inputChannels(op) % group.channels == 0; }) &&
                llvm::all_of(group.values, [&](Value value) {
                  // Everything but a reshape must see whole pixels.
                  return isa<nn::ReshapeOp>(value.getDefiningOp()) ? lastDim(value) % group.channels == 0
                                                                   : lastDim(value) == group.channels;
                });
    if (fits)
      result.push_back(std::move(group));
  }
  return result;
}

std::vector<ChannelGroup> calibrate::findChannelGroups(func::FuncOp function) { return Grouping(function).collect(); }
