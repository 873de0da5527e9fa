// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All kinds of branches become comparisons "key <= threshold" of integers; equal subtrees and leaves are stored once.
#include "passes/legalize/handlers/TreeTables.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

namespace {

// The highest bit of references stands for leaves until the width of the words is known.
constexpr int64_t leafFlag = int64_t(1) << 40;
constexpr int64_t maxLeafNumbers = int64_t(1) << 24;

// Keys order floats as integers; tmb_abi.h defines them.
int32_t keyOf(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits < 0 ? bits ^ INT32_MAX : bits;
}

// The key of the greatest float that is at most `threshold`; -0 and +0 have 0.
int32_t keyUpTo(double threshold) {
  float value = float(threshold);
  if (double(value) > threshold)
    value = std::nextafter(value, -std::numeric_limits<float>::infinity());
  return value == 0 ? 0 : keyOf(value);
}

// The key of the greatest float below `threshold`; that of NaN on the left if there is none.
int32_t keyBelow(double threshold) {
  if (threshold == -std::numeric_limits<double>::infinity())
    return INT32_MIN;
  float value = float(threshold);
  if (double(value) >= threshold)
    value = std::nextafter(value, -std::numeric_limits<float>::infinity());
  return value == 0 ? 0 : keyOf(value);
}

std::string nameOf(const TreeNode &node) { return "node " + std::to_string(node.id) + " of tree " + std::to_string(node.tree); }

class TableBuilder {
public:
  TableBuilder(NodeBinder &node, const TreeEnsemble &ensemble, nn::TreeAggregate aggregate, bool countsScores, int64_t features)
      : node(node), ensemble(ensemble), aggregate(aggregate), countsScores(countsScores), features(features),
        targets(ensemble.targets * (countsScores ? 2 : 1)) {}

  LogicalResult build();
  Value emit(Value x);

private:
  LogicalResult checkNode(const TreeNode &tree);
  std::optional<int64_t> singleTarget(llvm::ArrayRef<int64_t> reached);
  LogicalResult walk(int64_t tree, std::vector<int64_t> &postorder);
  FailureOr<int64_t> addLeaf(const TreeNode &leaf);
  int64_t addCompare(int64_t feature, int32_t key, bool nanIsLeft, int64_t left, int64_t right);
  int64_t addBranch(const TreeNode &tree);
  int64_t addEqual(const TreeNode &tree, double value, bool nanIsTrue, int64_t onTrue, int64_t onFalse);
  template <typename Word> Value words(llvm::ArrayRef<std::array<int64_t, 4>> rows, int64_t columns, int64_t flag);

  NodeBinder &node;
  const TreeEnsemble &ensemble;
  nn::TreeAggregate aggregate;
  bool countsScores;
  int64_t features, targets, width = 1;
  std::vector<int64_t> reference; // of each node of the file: its number in the tables; -1 before
  std::vector<int64_t> owner;     // of each node: the tree that reached it
  bool sharesNodes = false;       // between trees
  std::vector<char> state;        // of each node: 0 new, 1 its children are being visited, 2 done
  std::vector<std::array<int64_t, 4>> table, trees;
  std::map<std::array<int64_t, 4>, int64_t> numbers;
  std::vector<int32_t> keys; // thresholds
  std::map<int32_t, int64_t> keyNumbers;
  std::vector<float> leaves;
  std::map<std::vector<uint32_t>, int64_t> leafNumbers; // by their bits
};

LogicalResult TableBuilder::checkNode(const TreeNode &tree) {
  if (tree.feature < 0 || tree.feature >= features)
    return node.fail(nameOf(tree) + " compares feature " + llvm::Twine(tree.feature) + " of an input that has " +
                     llvm::Twine(features));
  if (std::isnan(tree.threshold) && tree.branch != Branch::Member)
    return node.fail(nameOf(tree) + " has the threshold NaN");
  return success();
}

// All nodes that the root reaches and that were not reached before, children first.
LogicalResult TableBuilder::walk(int64_t number, std::vector<int64_t> &postorder) {
  std::vector<int64_t> stack{ensemble.roots[number]};
  while (!stack.empty()) {
    int64_t at = stack.back();
    const TreeNode &tree = ensemble.nodes[at];
    if (state[at] != 0 || tree.isLeaf) {
      stack.pop_back();
      sharesNodes |= state[at] == 2 && owner[at] != number;
      if (state[at] != 2)
        postorder.push_back(at);
      state[at] = 2;
      owner[at] = number;
      continue;
    }
    if (failed(checkNode(tree)))
      return failure();
    state[at] = 1;
    for (int64_t child : {tree.onTrue, tree.onFalse}) {
      if (state[child] == 1)
        return node.fail(nameOf(tree) + " leads back to " + nameOf(ensemble.nodes[child]) + ": a tree has no cycles");
      sharesNodes |= state[child] == 2 && owner[child] != number;
      if (state[child] == 0)
        stack.push_back(child);
    }
  }
  return success();
}

FailureOr<int64_t> TableBuilder::addLeaf(const TreeNode &leaf) {
  float most = std::numeric_limits<float>::max();
  bool isSum = aggregate == nn::TreeAggregate::Sum;
  std::vector<float> row(size_t(width), isSum ? 0 : aggregate == nn::TreeAggregate::Min ? most : -most);
  for (auto [target, weight] : leaf.weights) {
    if (!isSum && !std::isfinite(weight))
      return node.fail(nameOf(leaf) + " has a weight that is not finite, of which no minimum or maximum is taken");
    float &value = row[size_t(width == 1 ? 0 : target)];
    if (isSum)
      value += weight;
    else
      value = aggregate == nn::TreeAggregate::Min ? std::min(value, weight) : std::max(value, weight);
    if (countsScores)
      row[size_t(ensemble.targets + target)] = 1;
  }
  std::vector<uint32_t> bits(row.size());
  std::memcpy(bits.data(), row.data(), row.size() * sizeof(float));
  auto [entry, isNew] = leafNumbers.try_emplace(std::move(bits), int64_t(leafNumbers.size()));
  if (isNew) {
    if (int64_t(leaves.size() + row.size()) > maxLeafNumbers)
      return node.fail("has leaves of more than " + llvm::Twine(maxLeafNumbers) + " numbers, which is too large");
    leaves.insert(leaves.end(), row.begin(), row.end());
  }
  return entry->second | leafFlag;
}

int64_t TableBuilder::addCompare(int64_t feature, int32_t key, bool nanIsLeft, int64_t left, int64_t right) {
  if (left == right)
    return left;
  auto [keyEntry, isNewKey] = keyNumbers.try_emplace(key, int64_t(keys.size()));
  if (isNewKey)
    keys.push_back(key);
  std::array<int64_t, 4> row{feature | (nanIsLeft ? leafFlag : 0), keyEntry->second, left, right};
  auto [entry, isNew] = numbers.try_emplace(row, int64_t(table.size()));
  if (isNew)
    table.push_back(row);
  return entry->second;
}

// x == value is x <= value and not x < value.
int64_t TableBuilder::addEqual(const TreeNode &tree, double value, bool nanIsTrue, int64_t onTrue, int64_t onFalse) {
  int64_t notAbove = addCompare(tree.feature, keyBelow(value), false, onFalse, onTrue);
  return addCompare(tree.feature, keyUpTo(value), nanIsTrue, notAbove, onFalse);
}

int64_t TableBuilder::addBranch(const TreeNode &tree) {
  int64_t onTrue = reference[tree.onTrue], onFalse = reference[tree.onFalse];
  bool missing = tree.missingIsTrue;
  switch (tree.branch) {
  case Branch::LessEqual:
    return addCompare(tree.feature, keyUpTo(tree.threshold), missing, onTrue, onFalse);
  case Branch::Less:
    return addCompare(tree.feature, keyBelow(tree.threshold), missing, onTrue, onFalse);
  case Branch::GreaterEqual:
    return addCompare(tree.feature, keyBelow(tree.threshold), !missing, onFalse, onTrue);
  case Branch::Greater:
    return addCompare(tree.feature, keyUpTo(tree.threshold), !missing, onFalse, onTrue);
  case Branch::Equal:
    return addEqual(tree, tree.threshold, missing, onTrue, onFalse);
  case Branch::NotEqual: { // NaN differs from everything
    int64_t notAbove = addCompare(tree.feature, keyBelow(tree.threshold), false, onTrue, onFalse);
    return addCompare(tree.feature, keyUpTo(tree.threshold), false, notAbove, onTrue);
  }
  case Branch::Member: {
    // From the greatest member down: what is above the ones before is left for this one.
    std::vector<double> members = tree.members;
    llvm::sort(members);
    int64_t rest = onFalse;
    for (double member : llvm::reverse(members)) {
      int64_t notAbove = addCompare(tree.feature, keyBelow(member), false, onFalse, onTrue);
      rest = addCompare(tree.feature, keyUpTo(member), missing, notAbove, rest);
    }
    return rest;
  }
  }
  llvm_unreachable("not a branch");
}

// The target of all weights of these nodes, if there is one.
std::optional<int64_t> TableBuilder::singleTarget(llvm::ArrayRef<int64_t> reached) {
  std::optional<int64_t> single;
  for (int64_t at : reached)
    for (auto [target, weight] : ensemble.nodes[at].weights) {
      if (single && *single != target)
        return std::nullopt;
      single = target;
    }
  return single.value_or(0);
}

LogicalResult TableBuilder::build() {
  reference.assign(ensemble.nodes.size(), -1);
  owner.assign(ensemble.nodes.size(), -1);
  state.assign(ensemble.nodes.size(), 0);
  std::vector<std::vector<int64_t>> orders(ensemble.roots.size());
  std::vector<std::optional<int64_t>> singles;
  for (auto [tree, order] : llvm::enumerate(orders)) {
    if (failed(walk(int64_t(tree), order)))
      return failure();
    singles.push_back(singleTarget(order));
  }
  // Trees that give to one target each need one number a leaf.
  bool isNarrow = !countsScores && !sharesNodes && llvm::all_of(singles, [](auto single) { return single.has_value(); });
  width = isNarrow ? 1 : targets;
  int64_t count = llvm::count_if(ensemble.nodes, [](const TreeNode &tree) { return tree.isLeaf; });
  if (count * width > int64_t(1) << 26)
    return node.fail("has " + llvm::Twine(count) + " leaves for " + llvm::Twine(width) + " targets, which is too large");
  for (size_t tree = 0; tree < orders.size(); ++tree) {
    for (int64_t at : orders[tree]) {
      const TreeNode &source = ensemble.nodes[at];
      FailureOr<int64_t> number = source.isLeaf ? addLeaf(source) : FailureOr<int64_t>(addBranch(source));
      if (failed(number))
        return failure();
      reference[at] = *number;
    }
    trees.push_back({reference[ensemble.roots[tree]], isNarrow ? *singles[tree] : 0, 0, 0});
  }
  // Tables are not empty, even if no tree has a branch.
  if (keys.empty())
    keys.push_back(0);
  if (table.empty())
    table.push_back({0, 0, leafFlag, leafFlag});
  return success();
}

template <typename Word> Value TableBuilder::words(llvm::ArrayRef<std::array<int64_t, 4>> rows, int64_t columns, int64_t flag) {
  std::vector<Word> data;
  for (const auto &row : rows)
    for (int64_t column = 0; column < columns; ++column)
      data.push_back(Word((row[column] & ~leafFlag) | (row[column] & leafFlag ? flag : 0)));
  Type element = IntegerType::get(node.getBuilder().getContext(), 8 * sizeof(Word), IntegerType::Unsigned);
  return node.constant<Word>({int64_t(rows.size()), columns}, element, data);
}

Value TableBuilder::emit(Value x) {
  int64_t leafCount = int64_t(leafNumbers.size());
  bool isShort =
      std::max({features, leafCount, int64_t(table.size())}) <= 0x8000 && keys.size() <= 0x10000 && targets <= 0x10000;
  Value nodes = isShort ? words<uint16_t>(table, 4, 0x8000) : words<uint32_t>(table, 4, 0x80000000);
  Value roots = isShort ? words<uint16_t>(trees, 2, 0x8000) : words<uint32_t>(trees, 2, 0x80000000);
  Value thresholds = node.constant<int32_t>({int64_t(keys.size())}, node.getBuilder().getI32Type(), keys);
  Value rows = node.constant<float>({leafCount, width}, node.getBuilder().getF32Type(), leaves);
  return node.emit<nn::TreeEnsembleOp>(aggregate, x, nodes, thresholds, roots, rows, targets);
}

} // namespace

Value legalize::emitTrees(NodeBinder &node, Value x, const TreeEnsemble &ensemble, nn::TreeAggregate aggregate,
                          bool countsScores) {
  if (node.hasFailed() || !x)
    return {};
  if (ensemble.roots.empty()) {
    (void)node.fail("has no trees");
    return {};
  }
  if (ensemble.targets < 1 || ensemble.targets > 1 << 20) {
    (void)node.fail("has " + llvm::Twine(ensemble.targets) + " targets or classes, which is not possible");
    return {};
  }
  TableBuilder tables(node, ensemble, aggregate, countsScores, shapeOf(x)[1]);
  return succeeded(tables.build()) ? tables.emit(x) : Value();
}
