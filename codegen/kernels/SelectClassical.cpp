// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of classical machine learning. The tables of trees are checked here, since kernels follow them blindly.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include "thimble/tmb_abi.h"
#include <limits>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static_assert(int(nn::TreeAggregate::Sum) == TMB_TREE_SUM && int(nn::TreeAggregate::Min) == TMB_TREE_MIN &&
                  int(nn::TreeAggregate::Max) == TMB_TREE_MAX,
              "aggregates of the dialect and of the runtime have the same numbers");

namespace {
// Rows of a table of words, whatever their width.
struct WordTable {
  llvm::SmallVector<int64_t> words;
  int64_t columns;
  int64_t getRows() const { return int64_t(words.size()) / columns; }
  int64_t at(int64_t row, int64_t column) const { return words[size_t(row * columns + column)]; }
};
} // namespace

static FailureOr<WordTable> readTable(Operation *op, Value value, llvm::StringRef name) {
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (failed(data))
    return op->emitOpError("needs constant ") << name;
  return WordTable{data->integers(), shapeOf(value)[1]};
}

static LogicalResult checkTrees(nn::TreeEnsembleOp op) {
  FailureOr<WordTable> nodes = readTable(op, op.getNodes(), "nodes");
  if (failed(nodes))
    return failure();
  FailureOr<WordTable> trees = readTable(op, op.getTrees(), "trees");
  if (failed(trees))
    return failure();
  unsigned bits = elementOf(op.getNodes()).getIntOrFloatBitWidth();
  int64_t flag = int64_t(1) << (bits - 1);
  int64_t leaves = shapeOf(op.getLeaves())[0], width = shapeOf(op.getLeaves())[1];
  auto isReachable = [&](int64_t child, int64_t limit) { return child & flag ? (child & ~flag) < leaves : child < limit; };
  for (int64_t node = 0; node < nodes->getRows(); ++node) {
    if ((nodes->at(node, 0) & ~flag) >= shapeOf(op.getX())[1] || nodes->at(node, 1) >= shapeOf(op.getThresholds())[0])
      return op.emitOpError("node ") << node << " compares a feature or threshold that does not exist";
    if (!isReachable(nodes->at(node, 2), node) || !isReachable(nodes->at(node, 3), node))
      return op.emitOpError("node ") << node << " has a child that is neither a leaf nor a node before it";
  }
  for (int64_t tree = 0; tree < trees->getRows(); ++tree)
    if (!isReachable(trees->at(tree, 0), nodes->getRows()) || trees->at(tree, 1) + width > int64_t(op.getTargets()))
      return op.emitOpError("tree ") << tree << " has a root or target that does not exist";
  return success();
}

static FailureOr<Calls> selectTrees(nn::TreeEnsembleOp op) {
  if (failed(checkTrees(op)))
    return failure();
  double most = std::numeric_limits<float>::max();
  double initial = op.getAggregate() == nn::TreeAggregate::Sum   ? 0.0
                   : op.getAggregate() == nn::TreeAggregate::Min ? most
                                                                 : -most;
  bool isShort = elementOf(op.getNodes()).isUnsignedInteger(16);
  CallBuilder call(op, isShort ? "tmb_tree_ensemble_u16" : "tmb_tree_ensemble_u32");
  call.operand(0).operand(1).operand(2).operand(3).operand(4);
  call.field("rows", shapeOf(op.getX())[0]).field("features", shapeOf(op.getX())[1]).field("trees", shapeOf(op.getTrees())[0]);
  call.field("targets", int64_t(op.getTargets())).field("width", shapeOf(op.getLeaves())[1]);
  return call.field("aggregate", int64_t(op.getAggregate())).real("initial", initial).finishAlone();
}

FailureOr<Calls> thimble::kernels::selectClassical(Operation *op) {
  if (auto trees = dyn_cast<nn::TreeEnsembleOp>(op))
    return selectTrees(trees);
  if (auto distance = dyn_cast<nn::SquaredDistanceOp>(op)) {
    int64_t rows = shapeOf(distance.getX())[0], depth = shapeOf(distance.getX())[1], cols = shapeOf(distance.getV())[0];
    CallBuilder call(op, "tmb_squared_distance_f32");
    call.operand(0).operand(1).field("rows", rows).field("depth", depth).field("cols", cols);
    return call.macs(rows * depth * cols).finishAlone();
  }
  auto coupling = cast<nn::PairCouplingOp>(op);
  int64_t classes = int64_t(coupling.getClasses());
  CallBuilder call(op, "tmb_pair_coupling_f32");
  call.operand(0).field("rows", shapeOf(coupling.getPairs())[0]).field("classes", classes);
  return call.scratch(classes * (classes + 1) * 4).finishAlone();
}
