// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-simplify-propagate-transposes: applies the cheapest choice of dimension orders, round by round.
#include "passes/simplify/AbsorbTransposes.h"
#include "passes/simplify/LayoutGraph.h"
#include "passes/simplify/Simplify.h"
#include <map>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

namespace thimble::simplify {
#define GEN_PASS_DEF_PROPAGATETRANSPOSES
#include "passes/simplify/Passes.h.inc"
} // namespace thimble::simplify

namespace {

// transpose(transpose(x)), and transposes that move no element
struct SimplifyTranspose : OpRewritePattern<nn::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(nn::TransposeOp op, PatternRewriter &rewriter) const override {
    Origin origin = originOf(op.getY());
    bool isComposed = origin.root != op.getX();
    if (!isComposed && !isTrivial(shapeOf(op.getX()), op.getPermutation()) && !isConstant(op.getX()))
      return rewriter.notifyMatchFailure(op, "moves elements of a value that is no transpose itself");
    rewriter.replaceOp(op, transposed(rewriter, op.getLoc(), origin.root, origin.order));
    return success();
  }
};

// Rebuilds the operations that move, and puts transposes where orders differ.
class Rewriter {
public:
  Rewriter(func::FuncOp function, const LayoutGraph &graph, const llvm::DenseSet<Operation *> &moved)
      : block(function.getBody().front()), builder(function.getContext()), graph(graph), moved(moved) {}

  void run() {
    SmallVector<Operation *> operations;
    for (Operation &op : block)
      if (!isa<nn::TransposeOp, nn::ConstantOp>(op))
        operations.push_back(&op);
    for (Operation *op : operations)
      moved.contains(op) ? rebuildOperation(op) : updateOperands(op);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (moved.contains(&op) || (isa<nn::TransposeOp>(op) && op.use_empty()))
        op.erase();
  }

private:
  struct Stored {
    Value value;
    Permutation order;
  };

  void rebuildOperation(Operation *op) {
    builder.setInsertionPoint(op);
    const OpLayout &layout = graph.getProposal(op);
    SmallVector<Value> operands;
    for (auto [operand, order] : llvm::zip(op->getOperands(), layout.operands))
      operands.push_back(get(op, operand, order));
    stored[op->getResult(0)] = {rebuild(builder, op, layout, operands), layout.result};
  }

  void updateOperands(Operation *op) {
    builder.setInsertionPoint(op);
    for (OpOperand &operand : op->getOpOperands())
      operand.set(get(op, operand.get(), identity(shapeOf(operand.get()).size())));
  }

  // `value` stored in order `order`.
  Value get(Operation *user, Value value, PermutationRef order) {
    Origin origin = originOf(value);
    auto found = stored.find(origin.root);
    Stored root = found != stored.end() ? found->second : Stored{origin.root, identity(origin.order.size())};
    Permutation rest = compose(inverse(root.order), compose(origin.order, order));
    auto [entry, isNew] = made.insert({{root.value.getAsOpaquePointer(), rest}, Value()});
    if (isNew)
      entry->second = transposed(builder, user->getLoc(), root.value, rest);
    return entry->second;
  }

  Block &block;
  OpBuilder builder;
  const LayoutGraph &graph;
  const llvm::DenseSet<Operation *> &moved;
  llvm::DenseMap<Value, Stored> stored;
  std::map<std::pair<void *, Permutation>, Value> made; // only looked up, so the order of pointers does not matter
};

struct PropagateTransposes : simplify::impl::PropagateTransposesBase<PropagateTransposes> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isAllNN(function))
      return;
    clean(function);
    // Down first: that is where the transposes of legalized models disappear. Each round makes the cost smaller, so this ends.
    bool changes = true;
    while (changes) {
      changes = false;
      for (bool downwards : {true, false}) {
        LayoutGraph graph(function);
        graph.propose(downwards);
        llvm::DenseSet<Operation *> moved = graph.choose();
        if (moved.empty())
          continue;
        Rewriter(function, graph, moved).run();
        changes = true;
        break;
      }
    }
    RewritePatternSet absorbs(&getContext());
    addAbsorbPatterns(absorbs);
    applyGreedily(function, std::move(absorbs));
    clean(function);
  }

  void clean(func::FuncOp function) {
    RewritePatternSet patterns(&getContext());
    patterns.add<SimplifyTranspose>(&getContext());
    applyGreedily(function, std::move(patterns));
  }
};

} // namespace
