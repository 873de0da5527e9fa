// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From decision trees as a file has them to the tables of nn.tree_ensemble.
#pragma once

#include "passes/legalize/NodeBinder.h"
#include <map>

namespace thimble::legalize {

enum class Branch { LessEqual, Less, GreaterEqual, Greater, Equal, NotEqual, Member };

/// A node as the file has it. Nothing is checked yet but that the indices exist.
struct TreeNode {
  bool isLeaf = false;
  Branch branch = Branch::LessEqual;
  int64_t feature = 0;
  double threshold = 0;
  std::vector<double> members; // of Branch::Member
  bool missingIsTrue = false;  // NaN takes the true branch
  int64_t onTrue = -1, onFalse = -1;
  std::vector<std::pair<int64_t, float>> weights; // of a leaf: targets and what it gives them
  int64_t tree = 0, id = 0;                       // as the file numbers them, for messages
};

struct TreeEnsemble {
  std::vector<TreeNode> nodes;
  std::vector<int64_t> roots;
  int64_t targets = 0;
};

/// Emits nn.tree_ensemble on f32 [rows, features]. With `countsScores` the result has as many more targets, which count the
/// leaves that gave something to each. Fails on trees with cycles, features that do not exist, thresholds that are NaN.
mlir::Value emitTrees(NodeBinder &node, mlir::Value x, const TreeEnsemble &ensemble, nn::TreeAggregate aggregate,
                      bool countsScores);

} // namespace thimble::legalize
