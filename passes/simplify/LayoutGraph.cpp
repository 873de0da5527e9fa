// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The choice between two dimension orders for each operation, as a minimum cut.
#include "passes/simplify/LayoutGraph.h"
#include "passes/simplify/AbsorbTransposes.h"
#include "passes/simplify/MinCut.h"
#include <map>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

Origin simplify::originOf(Value value) {
  Permutation order = identity(shapeOf(value).size());
  while (auto transpose = value.getDefiningOp<nn::TransposeOp>()) {
    order = compose(transpose.getPermutation(), order);
    value = transpose.getX();
  }
  return {value, order};
}

LayoutGraph::LayoutGraph(func::FuncOp function) : function(function) {
  for (Operation &op : function.getBody().front()) {
    if (isa<nn::TransposeOp, nn::ConstantOp>(op))
      continue;
    for (OpOperand &operand : op.getOpOperands()) {
      Origin origin = originOf(operand.get());
      if (!isConstant(origin.root))
        roots[origin.root].push_back({&op, operand.getOperandNumber(), origin.order});
    }
  }
}

void LayoutGraph::assign(Operation *op, std::optional<OpLayout> layout) {
  if (!layout || isProposed(op) || pinned.contains(op))
    return;
  if (isTrivial(op, *layout)) {
    pinned.insert(op);
    return;
  }
  proposals.insert({op, *layout});
  worklist.push_back(op);
}

// If `op` takes its proposal, its neighbours fit best with these.
void LayoutGraph::spread(Operation *op) {
  OpLayout layout = proposals.find(op)->second;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    Origin origin = originOf(operand);
    if (Operation *producer = origin.root.getDefiningOp(); producer && !isConstant(origin.root))
      assign(producer, layoutFromResult(producer, compose(origin.order, layout.operands[i])));
  }
  auto uses = roots.find(op->getResult(0));
  if (uses == roots.end())
    return;
  for (const Use &use : uses->second)
    assign(use.consumer, layoutFromOperand(use.consumer, use.index, compose(inverse(use.order), layout.result)));
}

void LayoutGraph::propose(bool downwards) {
  auto finish = [&] {
    while (!worklist.empty())
      spread(worklist.pop_back_val());
  };
  if (downwards) {
    for (auto &[root, uses] : roots)
      for (const Use &use : uses)
        if (!isTrivial(shapeOf(root), use.order)) {
          assign(use.consumer, layoutFromOperand(use.consumer, use.index, inverse(use.order)));
          finish();
        }
    return;
  }
  for (auto &[root, uses] : llvm::reverse(roots))
    for (const Use &use : llvm::reverse(uses))
      if (Operation *producer = root.getDefiningOp(); producer && !isTrivial(shapeOf(root), use.order)) {
        assign(producer, layoutFromResult(producer, use.order));
        finish();
      }
}

// Bytes, and something for the call. Equally good places differ by less: at an input or an output of the function a transpose
// can be merged with other conversions or be left to the caller; behind a layer it would keep activations and factors from
// being fused.
int64_t LayoutGraph::costOf(Value root) const {
  int64_t cost = 4 * (tensorBytes(typeOf(root)) + 64);
  if (isa<BlockArgument>(root))
    return cost - 1;
  return isa<nn::Conv2DOp, nn::FullyConnectedOp, nn::Pool2DOp>(root.getDefiningOp()) ? cost + 1 : cost;
}

static int64_t discount(Operation *consumer) { return isa<func::ReturnOp>(consumer) ? 1 : 0; }

// The permutation that is left to do on a root stored as `stored` for an operand of order `order`.
static Permutation remaining(PermutationRef stored, PermutationRef order) { return compose(inverse(stored), order); }

static bool isFree(const Use &use, ShapeRef stored, PermutationRef permutation) {
  return isTrivial(stored, permutation) || canAbsorb(use.consumer, use.index, stored, permutation);
}

int64_t LayoutGraph::evaluate(const Moved &moved) const {
  int64_t total = 0;
  for (const auto &[root, uses] : roots) {
    Operation *producer = root.getDefiningOp();
    ShapeRef shape = shapeOf(root);
    Permutation stored = producer && moved.contains(producer) ? getProposal(producer).result : identity(shape.size());
    // Each order that is needed has to be made once.
    std::map<Permutation, int64_t> made;
    for (const Use &use : uses) {
      Permutation needed = use.order;
      if (moved.contains(use.consumer))
        needed = compose(needed, getProposal(use.consumer).operands[use.index]);
      Permutation rest = remaining(stored, needed);
      Shape storedShape = permuted(shape, stored);
      if (moved.contains(use.consumer) ? isTrivial(storedShape, rest) : isFree(use, storedShape, rest))
        continue;
      Permutation key;
      llvm::copy_if(needed, std::back_inserter(key), [&](int64_t dim) { return shape[size_t(dim)] != 1; });
      int64_t cost = costOf(root) - discount(use.consumer);
      auto [entry, isNew] = made.insert({key, cost});
      entry->second = std::max(entry->second, cost);
    }
    for (auto [key, cost] : made)
      total += cost;
  }
  return total;
}

// Label 0 of an operation (source) keeps its layout, label 1 (sink) takes the proposal.
void LayoutGraph::addRoot(Value root, ArrayRef<Use> uses, const llvm::DenseMap<Operation *, unsigned> &nodes,
                          MinCut &cut) const {
  Operation *producer = root.getDefiningOp();
  ShapeRef shape = shapeOf(root);
  bool isMovable = isProposed(producer);
  unsigned a = isMovable ? nodes.lookup(producer) : MinCut::source;
  Permutation kept = identity(shape.size()), moved = isMovable ? getProposal(producer).result : kept;
  bool differs = !isTrivial(shape, moved);

  // One node for all uses that need the same order in the same case, so that they pay for it together.
  enum Case { ProducerMoves, ProducerStays, ConsumerStays, OnlyConsumerMoves, ConsumerMoves };
  std::map<std::pair<Permutation, Case>, unsigned> shared;
  auto sharedNode = [&](PermutationRef order, Case label) {
    Permutation key;
    llvm::copy_if(order, std::back_inserter(key), [&](int64_t dim) { return shape[size_t(dim)] != 1; });
    auto [entry, isNew] = shared.insert({{key, label}, 0});
    if (isNew)
      entry->second = cut.addNode();
    return std::pair(entry->second, isNew);
  };

  for (const Use &use : uses) {
    bool isConsumerMovable = isProposed(use.consumer);
    unsigned c = isConsumerMovable ? nodes.lookup(use.consumer) : MinCut::source;
    int64_t cost = costOf(root) - discount(use.consumer);

    // The consumer keeps its layout and needs use.order.
    bool freeIfKept = isFree(use, shape, use.order);
    bool freeIfMoved = isFree(use, permuted(shape, moved), remaining(moved, use.order));
    if (freeIfKept && differs && !freeIfMoved) { // paid if a moves and c does not
      auto [z, isNew] = sharedNode(use.order, ProducerMoves);
      cut.addEdge(c, z, MinCut::infinite);
      if (isNew)
        cut.addEdge(z, a, cost);
    } else if (!freeIfKept && isMovable && freeIfMoved && !isConsumerMovable) { // paid if a does not move
      auto [z, isNew] = sharedNode(use.order, ProducerStays);
      if (isNew)
        cut.addEdge(a, MinCut::sink, cost);
      (void)z;
    } else if (!freeIfKept) { // paid if c does not move; an estimate from above where a could save it
      auto [z, isNew] = sharedNode(use.order, ConsumerStays);
      cut.addEdge(c, z, MinCut::infinite);
      if (isNew)
        cut.addEdge(z, MinCut::sink, cost);
    }
    if (!isConsumerMovable)
      continue;

    // The consumer moves.
    Permutation needed = compose(use.order, getProposal(use.consumer).operands[use.index]);
    bool fitsKept = isTrivial(shape, needed), fitsMoved = isMovable && haveSameOrder(shape, needed, moved);
    if (fitsKept && (!differs || fitsMoved))
      continue;
    if (fitsMoved) { // paid if c moves and a does not
      auto [z, isNew] = sharedNode(needed, OnlyConsumerMoves);
      cut.addEdge(z, c, MinCut::infinite);
      if (isNew)
        cut.addEdge(a, z, cost);
    } else { // paid if c moves; an estimate from above where only one choice of a needs it
      auto [z, isNew] = sharedNode(needed, ConsumerMoves);
      cut.addEdge(z, c, MinCut::infinite);
      if (isNew)
        cut.addEdge(MinCut::source, z, cost);
    }
  }
}

llvm::DenseSet<Operation *> LayoutGraph::choose() const {
  if (proposals.empty())
    return {};
  MinCut cut;
  llvm::DenseMap<Operation *, unsigned> nodes;
  Moved all, chosen;
  for (const auto &[op, layout] : proposals) {
    nodes[op] = cut.addNode();
    all.insert(op);
  }
  for (const auto &[root, uses] : roots)
    addRoot(root, uses, nodes, cut);
  std::vector<bool> isMoved = cut.solve();
  for (auto [op, node] : nodes)
    if (isMoved[node])
      chosen.insert(op);
  // The cut may be built on estimates, so what counts is the sum.
  int64_t present = evaluate({}), byCut = evaluate(chosen), byAll = evaluate(all);
  if (byAll < byCut && byAll < present)
    return all;
  return byCut < present ? chosen : Moved();
}
