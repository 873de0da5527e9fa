// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble of ai.onnx.ml. What scores mean is what ONNX Runtime makes of
// them.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Scores.h"
#include "passes/legalize/handlers/TreeFile.h"
#include <limits>
#include <set>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::CompareKind;
using nn::UnaryKind;

static Value column(NodeBinder &node, Value x, int64_t index) { return node.slice(x, 1, index, 1); }
static Value row(NodeBinder &node, llvm::ArrayRef<float> values) {
  return node.constant<float>({1, int64_t(values.size())}, node.getBuilder().getF32Type(), values);
}

// Regression.

static FailureOr<nn::TreeAggregate> treeAggregate(NodeBinder &node, llvm::StringRef name) {
  if (name == "SUM" || name == "AVERAGE")
    return nn::TreeAggregate::Sum;
  if (name == "MIN" || name == "MAX")
    return name == "MIN" ? nn::TreeAggregate::Min : nn::TreeAggregate::Max;
  return node.fail("attribute 'aggregate_function' must be AVERAGE, SUM, MIN or MAX, got '" + name + "'");
}

static LogicalResult finishRegression(NodeBinder &node, const TreeEnsemble &ensemble, llvm::StringRef aggregateName,
                                      llvm::ArrayRef<float> base, Transform transform) {
  FailureOr<nn::TreeAggregate> aggregate = treeAggregate(node, aggregateName);
  if (failed(aggregate))
    return failure();
  Value y = emitTrees(node, featureRows(node), ensemble, *aggregate, false);
  if (aggregateName == "AVERAGE")
    y = node.div(y, node.scalar(float(ensemble.roots.size())));
  if (*aggregate != nn::TreeAggregate::Sum) {
    // Targets that no leaf gave anything to have kept the start value.
    float most = std::numeric_limits<float>::max();
    Value start = node.scalar(*aggregate == nn::TreeAggregate::Min ? most : -most);
    y = node.select(node.compare(CompareKind::Equal, y, start), node.scalar(0.0f), y);
  }
  if (int64_t(base.size()) == ensemble.targets)
    y = node.add(y, row(node, base));
  // ONNX Runtime transforms a single target by PROBIT only.
  if (ensemble.targets > 1 || transform == Transform::Probit)
    y = transformScores(node, y, transform);
  return node.setResult(y);
}

static LogicalResult legalizeRegressor(NodeBinder &node) {
  FailureOr<TreeEnsemble> ensemble = readTrees(node, "target", node.integer("n_targets", 1));
  FailureOr<Transform> transform = readTransform(node);
  if (failed(ensemble) || failed(transform))
    return failure();
  return finishRegression(node, *ensemble, node.text("aggregate_function", "SUM"), readNumbers(node, "base_values"),
                          *transform);
}

static LogicalResult legalizeEnsemble(NodeBinder &node) {
  static constexpr llvm::StringLiteral aggregates[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  int64_t aggregate = node.integer("aggregate_function", 1), transform = node.integer("post_transform", 0);
  if (aggregate < 0 || aggregate > 3 || transform < 0 || transform > 4)
    return node.fail("attributes 'aggregate_function' and 'post_transform' must be 0 to 3 and 0 to 4, got " +
                     llvm::Twine(aggregate) + " and " + llvm::Twine(transform));
  FailureOr<TreeEnsemble> ensemble = readFlatTrees(node);
  return failed(ensemble) ? failure() : finishRegression(node, *ensemble, aggregates[aggregate], {}, Transform(transform));
}

// Classification.

namespace {

class Classifier {
public:
  Classifier(NodeBinder &node, const TreeEnsemble &ensemble, Labels labels, llvm::ArrayRef<float> base, Transform transform)
      : node(node), ensemble(ensemble), labels(std::move(labels)), base(base), transform(transform) {}
  LogicalResult run();

private:
  LogicalResult runOne();
  LogicalResult runTwo();
  LogicalResult runMany();
  void inspectWeights();
  Value hasScore(int64_t target);
  Value scoresOfOne(Value score, bool isBinary);
  LogicalResult finish(Value index, Value scores, const Labels &shown);

  NodeBinder &node;
  const TreeEnsemble &ensemble;
  Labels labels;
  llvm::ArrayRef<float> base;
  Transform transform;

  Value sums; // [rows, classes or twice as many]
  // Whether a class has a score depends on the leaves that a sample reaches, unless no leaf gives it one, or all of a tree do.
  std::vector<char> mayScore, mustScore;
  bool allPositive = true; // weights
};

} // namespace

void Classifier::inspectWeights() {
  size_t classes = size_t(ensemble.targets);
  mayScore.assign(classes, false);
  mustScore.assign(classes, false);
  std::map<std::pair<int64_t, int64_t>, int64_t> scoring; // by tree and class: leaves with a weight for it
  std::map<int64_t, int64_t> leaves;                      // by tree
  for (const TreeNode &leaf : ensemble.nodes) {
    if (!leaf.isLeaf)
      continue;
    ++leaves[leaf.tree];
    std::set<int64_t> scored;
    for (auto [target, weight] : leaf.weights) {
      allPositive &= !(weight < 0);
      mayScore[size_t(target)] = true;
      scored.insert(target);
    }
    for (int64_t target : scored)
      ++scoring[{leaf.tree, target}];
  }
  for (auto [key, count] : scoring)
    mustScore[size_t(key.second)] |= count == leaves[key.first];
}

// i1 [rows, 1], or [1, 1] if it is known.
Value Classifier::hasScore(int64_t target) {
  size_t index = size_t(target);
  if (mustScore[index] || !mayScore[index])
    return node.constant<char>({1, 1}, node.getBuilder().getI1Type(), char(mustScore[index]));
  return isGreater(node, column(node, sums, ensemble.targets + target), 0);
}

LogicalResult Classifier::finish(Value index, Value scores, const Labels &shown) {
  if (failed(shown.setResult(node, index)))
    return failure();
  return node.setResult(1, scores);
}

LogicalResult Classifier::run() {
  if (int64_t(base.size()) > std::max<int64_t>(ensemble.targets, 2))
    return node.fail("has " + llvm::Twine(base.size()) + " base values for " + llvm::Twine(ensemble.targets) + " classes");
  inspectWeights();
  bool isOpen = false;
  for (size_t i = 0; i < mayScore.size(); ++i)
    isOpen |= mayScore[i] && !mustScore[i];
  bool countsScores = isOpen && ensemble.targets > 1;
  sums = emitTrees(node, featureRows(node), ensemble, nn::TreeAggregate::Sum, countsScores);
  if (!sums)
    return failure();
  return ensemble.targets == 1 ? runOne() : ensemble.targets == 2 ? runTwo() : runMany();
}

// One label: positive scores are class 1, which the label 1 stands for.
LogicalResult Classifier::runOne() {
  Value score = sums;
  if (!base.empty())
    score = node.add(score, node.scalar(base.back()));
  Value index = classIndex(node, isGreater(node, score, 0));
  if (base.size() == 2)
    return node.fail("has two base values for one class");
  return finish(index, transform == Transform::Probit ? probit(node, score) : score, labels.counted(2));
}

// Both columns where only class 0 has a score.
Value Classifier::scoresOfOne(Value score, bool isBinary) {
  Value zeros = node.filled(shapeOf(score), node.getBuilder().getF32Type(), 0);
  if (base.size() == 2)
    return transformScores(node, node.concat({score, zeros}, 1), transform);
  if (!isBinary && base.size() == 1)
    return node.concat({transform == Transform::Probit ? probit(node, score) : score, zeros}, 1);
  return bothScores(node, score, isBinary && allPositive ? SecondClass::Complement : SecondClass::Negative, transform);
}

// ONNX Runtime's rules for two classes: if leaves give class 1 a score it decides alone; if only one class has weights, its
// score stands for class 1, and the other class gets what is left.
LogicalResult Classifier::runTwo() {
  Value score0 = column(node, sums, 0), score1 = column(node, sums, 1), has1 = hasScore(1);
  bool isBinary = mayScore[0] != mayScore[1];

  Value with0 = score0, with1 = score1; // the scores if class 1 has one
  Value alone = score0;                 // that of class 0 if it has none
  if (base.size() == 2) {
    with1 = node.add(score0, node.scalar(base[1])); // sic: the base values are taken for those of a single score
    with0 = node.unary(UnaryKind::Neg, with1);
    alone = node.add(score0, node.scalar(base[0]));
  } else if (base.size() == 1) {
    with0 = alone = node.add(score0, node.scalar(base[0]));
  }
  Value pair = base.empty() ? node.slice(sums, 1, 0, 2) : node.concat({with0, with1}, 1);
  Value scores = transformScores(node, pair, transform), deciding = with1;
  if (!mustScore[1]) {
    Value otherScores = scoresOfOne(alone, isBinary);
    scores = mayScore[1] ? node.select(has1, scores, otherScores) : otherScores;
    deciding = mayScore[1] ? node.select(has1, with1, alone) : alone;
  }
  Value index = classIndex(node, isGreater(node, deciding, isBinary && allPositive ? 0.5f : 0.0f));
  return finish(index, scores, isBinary || labels.isText() ? labels : labels.counted(2));
}

// The greatest score wins, the first of equal ones. Classes without a score take no part.
LogicalResult Classifier::runMany() {
  int64_t classes = ensemble.targets;
  Value scores = node.slice(sums, 1, 0, classes);
  if (!base.empty()) {
    std::vector<float> padded(base.begin(), base.end());
    padded.resize(size_t(classes), 0);
    scores = node.add(scores, row(node, padded));
  }
  Value candidates = scores;
  bool isAnyWithout = false;
  for (int64_t i = 0; i < classes; ++i) {
    if (i < int64_t(base.size()))
      mustScore[size_t(i)] = mayScore[size_t(i)] = true;
    isAnyWithout |= !mustScore[size_t(i)];
  }
  if (isAnyWithout) {
    std::vector<char> must(mustScore.begin(), mustScore.end());
    Value known = node.constant<char>({1, classes}, node.getBuilder().getI1Type(), must);
    Value lowest = node.scalar(-std::numeric_limits<float>::max());
    if (shapeOf(sums)[1] > classes)
      known = node.binary(nn::BinaryKind::Or, known, isGreater(node, node.slice(sums, 1, classes, classes), 0));
    candidates = node.select(known, scores, lowest);
  }
  Value index = node.emit<nn::ArgOp>(nn::ArgKind::Max, candidates, int64_t(1), false, false);
  return finish(index, transformScores(node, scores, transform), labels);
}

static LogicalResult legalizeClassifier(NodeBinder &node) {
  FailureOr<Labels> labels = Labels::read(node, "classlabels_int64s", "classlabels_strings");
  if (failed(labels))
    return failure();
  FailureOr<TreeEnsemble> ensemble = readTrees(node, "class", labels->size());
  FailureOr<Transform> transform = readTransform(node);
  std::vector<float> base = readNumbers(node, "base_values");
  if (failed(ensemble) || failed(transform) || node.hasFailed())
    return failure();
  return Classifier(node, *ensemble, *labels, base, *transform).run();
}

void legalize::registerTreeEnsembles(Registry &registry) {
  registry.add("ai.onnx.ml.TreeEnsembleClassifier", {1, 3, 5}, {1, 1}, legalizeClassifier);
  registry.add("ai.onnx.ml.TreeEnsembleRegressor", {1, 3, 5}, {1, 1}, legalizeRegressor);
  registry.add("ai.onnx.ml.TreeEnsemble", {5}, {1, 1}, legalizeEnsemble);
}
