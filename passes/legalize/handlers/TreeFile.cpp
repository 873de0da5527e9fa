// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Checks the lists that make up trees: their lengths, and that what they refer to exists.
#include "passes/legalize/handlers/TreeFile.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// The elements of a tensor attribute as doubles; empty if it is missing.
static std::vector<double> readTensor(NodeBinder &node, llvm::StringRef name) {
  ElementsAttr tensor = node.tensor(name);
  if (!tensor)
    return {};
  FailureOr<ConstantData> data = ConstantData::get(tensor);
  std::vector<double> numbers;
  if (failed(data)) {
    (void)node.fail("attribute '" + name + "' holds no data that can be read");
    return numbers;
  }
  for (int64_t i = 0; i < data->size(); ++i)
    numbers.push_back(data->number(i));
  return numbers;
}

// The binder keeps the names that it was asked for, so they must live as long as the context.
static llvm::StringRef kept(NodeBinder &node, const llvm::Twine &name) {
  return node.getBuilder().getStringAttr(name).getValue();
}

static std::vector<double> readDoubles(NodeBinder &node, llvm::StringRef name) {
  llvm::StringRef tensorName = kept(node, name + "_as_tensor");
  if (node.has(tensorName))
    return readTensor(node, tensorName);
  llvm::SmallVector<float> reals = node.reals(name);
  return std::vector<double>(reals.begin(), reals.end());
}

std::vector<float> legalize::readNumbers(NodeBinder &node, llvm::StringRef name) {
  std::vector<double> numbers = readDoubles(node, name);
  return std::vector<float>(numbers.begin(), numbers.end());
}

static FailureOr<Branch> branchOf(NodeBinder &node, llvm::StringRef mode) {
  auto branch = llvm::StringSwitch<std::optional<Branch>>(mode)
                    .Case("BRANCH_LEQ", Branch::LessEqual)
                    .Case("BRANCH_LT", Branch::Less)
                    .Case("BRANCH_GTE", Branch::GreaterEqual)
                    .Case("BRANCH_GT", Branch::Greater)
                    .Case("BRANCH_EQ", Branch::Equal)
                    .Case("BRANCH_NEQ", Branch::NotEqual)
                    .Default(std::nullopt);
  if (!branch)
    return node.fail("'" + mode + "' is no mode of a node");
  return *branch;
}

static LogicalResult needLength(NodeBinder &node, llvm::StringRef name, size_t length, size_t wanted) {
  if (node.hasFailed())
    return failure();
  if (length == wanted)
    return success();
  return node.fail("attribute '" + name + "' has " + llvm::Twine(length) + " elements, but there are " + llvm::Twine(wanted));
}

namespace {
using NodeIds = std::map<std::pair<int64_t, int64_t>, int64_t>; // tree and node in the file: index
}

static FailureOr<int64_t> findNode(NodeBinder &node, const NodeIds &ids, int64_t tree, int64_t id, llvm::StringRef from) {
  auto found = ids.find({tree, id});
  if (found == ids.end())
    return node.fail(from + " refers to node " + llvm::Twine(id) + " of tree " + llvm::Twine(tree) + ", which does not exist");
  return found->second;
}

static LogicalResult readWeights(NodeBinder &node, llvm::StringRef prefix, const NodeIds &ids, TreeEnsemble &ensemble) {
  auto name = [&](llvm::StringRef what) { return kept(node, prefix + "_" + what); };
  Shape targets = node.integers(name("ids")), nodeIds = node.integers(name("nodeids")), trees = node.integers(name("treeids"));
  std::vector<double> weights = readDoubles(node, name("weights"));
  if (failed(needLength(node, name("nodeids"), nodeIds.size(), targets.size())) ||
      failed(needLength(node, name("treeids"), trees.size(), targets.size())) ||
      failed(needLength(node, name("weights"), weights.size(), targets.size())))
    return failure();
  for (size_t i = 0; i < targets.size(); ++i) {
    FailureOr<int64_t> leaf = findNode(node, ids, trees[i], nodeIds[i], (prefix + "_nodeids").str());
    if (failed(leaf))
      return failure();
    if (targets[i] < 0 || targets[i] >= ensemble.targets)
      return node.fail("attribute '" + name("ids") + "' has " + llvm::Twine(targets[i]) + ", but there are " +
                       llvm::Twine(ensemble.targets) + (prefix == "class" ? " classes" : " targets"));
    std::vector<std::pair<int64_t, float>> &list = ensemble.nodes[*leaf].weights;
    if (ensemble.targets > 1 || list.empty())
      list.push_back({targets[i], float(weights[i])});
  }
  return success();
}

FailureOr<TreeEnsemble> legalize::readTrees(NodeBinder &node, llvm::StringRef prefix, int64_t targets) {
  node.ignore({"nodes_hitrates", "nodes_hitrates_as_tensor"});
  TreeEnsemble ensemble;
  ensemble.targets = targets;
  Shape trees = node.integers("nodes_treeids"), nodeIds = node.integers("nodes_nodeids"),
        features = node.integers("nodes_featureids");
  Shape onTrue = node.integers("nodes_truenodeids"), onFalse = node.integers("nodes_falsenodeids");
  Shape missing = node.integers("nodes_missing_value_tracks_true");
  llvm::SmallVector<llvm::StringRef> modes = node.texts("nodes_modes");
  std::vector<double> values = readDoubles(node, "nodes_values");
  size_t count = modes.size();
  if (failed(needLength(node, "nodes_treeids", trees.size(), count)) ||
      failed(needLength(node, "nodes_nodeids", nodeIds.size(), count)) ||
      failed(needLength(node, "nodes_featureids", features.size(), count)) ||
      failed(needLength(node, "nodes_truenodeids", onTrue.size(), count)) ||
      failed(needLength(node, "nodes_falsenodeids", onFalse.size(), count)) ||
      failed(needLength(node, "nodes_values", values.size(), count)) ||
      (!missing.empty() && failed(needLength(node, "nodes_missing_value_tracks_true", missing.size(), count))))
    return failure();
  NodeIds ids;
  std::map<int64_t, int64_t> roots; // by tree: its first node
  for (size_t i = 0; i < count; ++i) {
    if (!ids.try_emplace({trees[i], nodeIds[i]}, int64_t(i)).second)
      return node.fail("node " + llvm::Twine(nodeIds[i]) + " of tree " + llvm::Twine(trees[i]) + " is there twice");
    if (roots.try_emplace(trees[i], int64_t(i)).second)
      ensemble.roots.push_back(int64_t(i));
  }
  for (size_t i = 0; i < count; ++i) {
    TreeNode tree;
    tree.tree = trees[i];
    tree.id = nodeIds[i];
    tree.isLeaf = modes[i] == "LEAF";
    if (!tree.isLeaf) {
      FailureOr<Branch> branch = branchOf(node, modes[i]);
      std::string from = "node " + std::to_string(nodeIds[i]);
      if (failed(branch))
        return failure();
      FailureOr<int64_t> yes = findNode(node, ids, trees[i], onTrue[i], from),
                         no = findNode(node, ids, trees[i], onFalse[i], from);
      if (failed(yes) || failed(no))
        return failure();
      tree.branch = *branch;
      tree.feature = features[i];
      tree.threshold = values[i];
      tree.missingIsTrue = !missing.empty() && missing[i] != 0;
      tree.onTrue = *yes;
      tree.onFalse = *no;
    }
    ensemble.nodes.push_back(std::move(tree));
  }
  if (failed(readWeights(node, prefix, ids, ensemble)))
    return failure();
  return ensemble;
}

// The sets of members, which NaN ends, in the order of the nodes that test them.
static FailureOr<std::vector<std::vector<double>>> readMembers(NodeBinder &node, size_t wanted) {
  std::vector<std::vector<double>> sets(1);
  for (double value : readTensor(node, "membership_values")) {
    if (std::isnan(value))
      sets.emplace_back();
    else
      sets.back().push_back(value);
  }
  if (node.hasFailed())
    return failure();
  if (!node.has("membership_values"))
    sets.clear();
  if (sets.size() > wanted && sets.back().empty())
    sets.pop_back();
  if (sets.size() != wanted)
    return node.fail("attribute 'membership_values' has " + llvm::Twine(sets.size()) + " sets, but " + llvm::Twine(wanted) +
                     " nodes test membership");
  return sets;
}

FailureOr<TreeEnsemble> legalize::readFlatTrees(NodeBinder &node) {
  node.ignore({"nodes_hitrates"});
  TreeEnsemble ensemble;
  ensemble.targets = node.integer("n_targets", 1);
  Shape roots = node.integers("tree_roots"), features = node.integers("nodes_featureids");
  Shape onTrue = node.integers("nodes_truenodeids"), onFalse = node.integers("nodes_falsenodeids");
  Shape trueLeafs = node.integers("nodes_trueleafs"), falseLeafs = node.integers("nodes_falseleafs");
  Shape missing = node.integers("nodes_missing_value_tracks_true"), leafTargets = node.integers("leaf_targetids");
  std::vector<double> modes = readTensor(node, "nodes_modes"), splits = readTensor(node, "nodes_splits");
  std::vector<double> weights = readTensor(node, "leaf_weights");
  size_t count = modes.size(), leaves = weights.size();
  if (failed(needLength(node, "nodes_featureids", features.size(), count)) ||
      failed(needLength(node, "nodes_splits", splits.size(), count)) ||
      failed(needLength(node, "nodes_truenodeids", onTrue.size(), count)) ||
      failed(needLength(node, "nodes_falsenodeids", onFalse.size(), count)) ||
      failed(needLength(node, "nodes_trueleafs", trueLeafs.size(), count)) ||
      failed(needLength(node, "nodes_falseleafs", falseLeafs.size(), count)) ||
      failed(needLength(node, "leaf_targetids", leafTargets.size(), leaves)) ||
      (!missing.empty() && failed(needLength(node, "nodes_missing_value_tracks_true", missing.size(), count))))
    return failure();
  constexpr double member = 6;
  FailureOr<std::vector<std::vector<double>>> sets = readMembers(node, size_t(llvm::count(modes, member)));
  if (failed(sets))
    return failure();
  size_t nextSet = 0;
  auto childOf = [&](int64_t child, bool isLeaf) -> FailureOr<int64_t> {
    if (child < 0 || child >= int64_t(isLeaf ? leaves : count))
      return node.fail("a node has the child " + llvm::Twine(child) + ", but there are " +
                       llvm::Twine(isLeaf ? leaves : count) + (isLeaf ? " leaves" : " nodes"));
    return isLeaf ? child + int64_t(count) : child; // leaves follow the nodes
  };
  for (size_t i = 0; i < count; ++i) {
    TreeNode tree;
    tree.id = int64_t(i);
    FailureOr<int64_t> yes = childOf(onTrue[i], trueLeafs[i] != 0), no = childOf(onFalse[i], falseLeafs[i] != 0);
    if (failed(yes) || failed(no))
      return failure();
    if (!(modes[i] >= 0 && modes[i] <= member))
      return node.fail("node " + llvm::Twine(i) + " has a mode that is not 0 to 6");
    tree.branch = Branch(int(modes[i]));
    if (tree.branch == Branch::Member)
      tree.members = std::move((*sets)[nextSet++]);
    tree.feature = features[i];
    tree.threshold = splits[i];
    tree.missingIsTrue = !missing.empty() && missing[i] != 0;
    tree.onTrue = *yes;
    tree.onFalse = *no;
    ensemble.nodes.push_back(std::move(tree));
  }
  for (size_t i = 0; i < leaves; ++i) {
    TreeNode leaf;
    leaf.isLeaf = true;
    leaf.id = int64_t(i);
    if (leafTargets[i] < 0 || leafTargets[i] >= ensemble.targets)
      return node.fail("attribute 'leaf_targetids' has " + llvm::Twine(leafTargets[i]) + ", but there are " +
                       llvm::Twine(ensemble.targets) + " targets");
    leaf.weights = {{leafTargets[i], float(weights[i])}};
    ensemble.nodes.push_back(std::move(leaf));
  }
  for (int64_t root : roots) {
    FailureOr<int64_t> index = childOf(root, false);
    if (failed(index))
      return failure();
    ensemble.roots.push_back(*index);
  }
  return ensemble;
}
