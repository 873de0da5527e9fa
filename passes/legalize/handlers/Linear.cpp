// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LinearClassifier, LinearRegressor, SVMClassifier and SVMRegressor of ai.onnx.ml, composed of matrix products and elementwise
// functions. Scores and labels are those of ONNX Runtime.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Scores.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::UnaryKind;

using Floats = llvm::SmallVector<float>;

static Value matrix(NodeBinder &node, int64_t rows, int64_t columns, llvm::ArrayRef<float> values) {
  return node.constant<float>({rows, columns}, node.getBuilder().getF32Type(), values);
}

// x [n, depth] times weights [cols, depth] transposed, plus bias [cols], which may be empty.
static Value product(NodeBinder &node, Value x, Value weights, llvm::ArrayRef<float> bias = {}) {
  Value added = bias.empty() ? Value() : node.constant<float>({int64_t(bias.size())}, node.getBuilder().getF32Type(), bias);
  return node.emit<nn::FullyConnectedOp>(x, weights, added, FloatAttr(), FloatAttr());
}

static LogicalResult needCount(NodeBinder &node, llvm::StringRef name, size_t count, int64_t wanted) {
  if (node.hasFailed())
    return failure();
  if (int64_t(count) == wanted)
    return success();
  return node.fail("attribute '" + name + "' has " + llvm::Twine(count) + " elements instead of " + llvm::Twine(wanted));
}

static Value firstMax(NodeBinder &node, Value scores) {
  return node.emit<nn::ArgOp>(nn::ArgKind::Max, scores, int64_t(1), false, false);
}

static LogicalResult legalizeLinearClassifier(NodeBinder &node) {
  node.ignore({"multi_class"});
  FailureOr<Labels> labels = Labels::read(node, "classlabels_ints", "classlabels_strings");
  FailureOr<Transform> transform = readTransform(node);
  Value x = featureRows(node);
  Floats coefficients = node.reals("coefficients"), intercepts = node.reals("intercepts");
  if (failed(labels) || failed(transform) || !x)
    return failure();
  int64_t features = shapeOf(x)[1], scoreCount = int64_t(intercepts.size());
  if (scoreCount == 0)
    scoreCount = features > 0 ? int64_t(coefficients.size()) / features : 0;
  if (scoreCount < 1 || (scoreCount > 1 && scoreCount != labels->size()))
    return node.fail("gives " + llvm::Twine(scoreCount) + " scores for " + llvm::Twine(labels->size()) + " labels");
  if (failed(needCount(node, "coefficients", coefficients.size(), scoreCount * features)))
    return failure();
  Value scores = product(node, x, matrix(node, scoreCount, features, coefficients), intercepts);
  if (scoreCount > 1) {
    if (failed(labels->setResult(node, firstMax(node, scores))))
      return failure();
    return node.setResult(1, transformScores(node, scores, *transform));
  }
  bool isPair = labels->size() == 2;
  if (failed((isPair ? *labels : labels->counted(2)).setResult(node, classIndex(node, isGreater(node, scores, 0)))))
    return failure();
  if (isPair)
    return node.setResult(1, bothScores(node, scores, SecondClass::Complement, *transform));
  return node.setResult(1, *transform == Transform::Probit ? probit(node, scores) : scores);
}

static LogicalResult legalizeLinearRegressor(NodeBinder &node) {
  FailureOr<Transform> transform = readTransform(node);
  Value x = featureRows(node);
  Floats coefficients = node.reals("coefficients"), intercepts = node.reals("intercepts");
  int64_t targets = node.integer("targets", 1), features = x ? shapeOf(x)[1] : 0;
  if (failed(transform) || !x)
    return failure();
  if (targets < 1 || targets > int64_t(coefficients.size()) ||
      failed(needCount(node, "coefficients", coefficients.size(), targets * features)))
    return node.fail("has " + llvm::Twine(coefficients.size()) + " coefficients for " + llvm::Twine(targets) + " targets");
  if (int64_t(intercepts.size()) != targets)
    intercepts.clear(); // as in ONNX Runtime
  Value y = product(node, x, matrix(node, targets, features, coefficients), intercepts);
  if (targets > 1 || *transform == Transform::Probit)
    y = transformScores(node, y, *transform);
  return node.setResult(y);
}

// Support vector machines.

namespace {

enum class Kernel { Linear, Poly, Rbf, Sigmoid };

// The function of a sample and a support vector.
struct KernelFunction {
  Kernel kind = Kernel::Linear;
  float gamma = 0, coef0 = 0, degree = 0;

  static FailureOr<KernelFunction> read(NodeBinder &node);
  /// [n, count] for x [n, features] and vectors [count, features].
  Value apply(NodeBinder &node, Value x, Value vectors) const;
};

} // namespace

FailureOr<KernelFunction> KernelFunction::read(NodeBinder &node) {
  llvm::StringRef name = node.text("kernel_type", "LINEAR");
  auto kind = llvm::StringSwitch<std::optional<Kernel>>(name)
                  .Case("LINEAR", Kernel::Linear)
                  .Case("POLY", Kernel::Poly)
                  .Case("RBF", Kernel::Rbf)
                  .Case("SIGMOID", Kernel::Sigmoid)
                  .Default(std::nullopt);
  if (!kind)
    return node.fail("attribute 'kernel_type' must be LINEAR, POLY, RBF or SIGMOID, got '" + name + "'");
  KernelFunction function;
  function.kind = *kind;
  Floats parameters = node.reals("kernel_params");
  if (!parameters.empty() && failed(needCount(node, "kernel_params", parameters.size(), 3)))
    return failure();
  if (!parameters.empty()) {
    function.gamma = parameters[0];
    function.coef0 = parameters[1];
    function.degree = parameters[2];
  }
  return function;
}

Value KernelFunction::apply(NodeBinder &node, Value x, Value vectors) const {
  if (kind == Kernel::Rbf)
    return node.unary(UnaryKind::Exp, node.mul(node.emit<nn::SquaredDistanceOp>(x, vectors), node.scalar(-gamma)));
  Value dot = product(node, x, vectors);
  if (kind == Kernel::Linear)
    return dot;
  Value y = node.add(node.mul(dot, node.scalar(gamma)), node.scalar(coef0));
  if (kind == Kernel::Sigmoid)
    return node.unary(UnaryKind::Tanh, y);
  if (degree == 2 || degree == 3)
    return degree == 2 ? node.mul(y, y) : node.mul(node.mul(y, y), y);
  return node.binary(nn::BinaryKind::Pow, y, node.scalar(degree));
}

static LogicalResult legalizeSvmRegressor(NodeBinder &node) {
  node.ignore({"post_transform"}); // ONNX Runtime does
  FailureOr<KernelFunction> kernel = KernelFunction::read(node);
  Value x = featureRows(node);
  Floats coefficients = node.reals("coefficients"), vectors = node.reals("support_vectors"), rho = node.reals("rho");
  int64_t count = node.integer("n_supports", 0);
  bool isOneClass = node.flag("one_class", false);
  if (failed(kernel) || !x || failed(needCount(node, "rho", rho.size(), 1)))
    return failure();
  int64_t features = shapeOf(x)[1];
  if (count < 0 || count > int64_t(coefficients.size()) ||
      failed(needCount(node, "coefficients", coefficients.size(), count > 0 ? count : features)))
    return node.fail("has " + llvm::Twine(coefficients.size()) + " coefficients for " + llvm::Twine(count) +
                     " support vectors");
  if (failed(needCount(node, "support_vectors", vectors.size(), count * features)))
    return failure();
  if (count > 0)
    x = kernel->apply(node, x, matrix(node, count, features, vectors));
  Value y = product(node, x, matrix(node, 1, int64_t(coefficients.size()), coefficients), rho);
  if (isOneClass)
    y = node.select(isGreater(node, y, 0), node.scalar(1.0f), node.scalar(-1.0f));
  return node.setResult(y);
}

namespace {

class SvmClassifier {
public:
  explicit SvmClassifier(NodeBinder &node) : node(node) {}
  LogicalResult run();

private:
  LogicalResult check();
  LogicalResult runLinear();
  Value pairScores();
  Value votes(Value scores);
  Value probabilities(Value scores);

  NodeBinder &node;
  Value x;
  std::optional<Labels> labels;
  KernelFunction kernel;
  Transform transform = Transform::None;
  Floats coefficients, vectors, rho, probA, probB;
  Shape perClass;
  int64_t classes = 0, pairs = 0, features = 0, count = 0;
};

} // namespace

LogicalResult SvmClassifier::check() {
  for (int64_t each : perClass) {
    if (each < 0 || each > int64_t(vectors.size()))
      return node.fail("attribute 'vectors_per_class' has the impossible count " + llvm::Twine(each));
    count += each;
  }
  if (count == 0)
    return success();
  if (classes < 2 || classes > 1024)
    return node.fail("has " + llvm::Twine(classes) + " classes, but support vectors need 2 to 1024");
  pairs = classes * (classes - 1) / 2;
  if (failed(needCount(node, "vectors_per_class", perClass.size(), classes)) ||
      failed(needCount(node, "support_vectors", vectors.size(), count * features)) ||
      failed(needCount(node, "coefficients", coefficients.size(), (classes - 1) * count)) ||
      failed(needCount(node, "rho", rho.size(), pairs)) ||
      failed(needCount(node, "prob_b", probB.size(), int64_t(probA.size()))))
    return failure();
  return probA.empty() ? success() : needCount(node, "prob_a", probA.size(), pairs);
}

// Without support vectors, coefficients are those of a linear model, with one rho for all classes.
LogicalResult SvmClassifier::runLinear() {
  if (rho.empty() || failed(needCount(node, "coefficients", coefficients.size(), classes * features)))
    return node.fail("has " + llvm::Twine(coefficients.size()) + " coefficients and " + llvm::Twine(rho.size()) + " rho for " +
                     llvm::Twine(classes) + " classes");
  Value scores = product(node, x, matrix(node, classes, features, coefficients), Floats(size_t(classes), rho[0]));
  Value index = firstMax(node, scores);
  if (classes == 2) { // a score of class 0 can choose class 1, too: sic
    bool allPositive = llvm::all_of(coefficients, [](float value) { return value >= 0; });
    Value most = node.reduce(nn::ReduceKind::Max, scores, {1}, false);
    Value isSure = allPositive ? node.compare(nn::CompareKind::LessEqual, node.scalar(0.5f), most) : isGreater(node, most, 0);
    index = node.select(isSure, node.scalar(node.getBuilder().getI64Type(), 1), index);
  }
  if (failed(labels->setResult(node, index)))
    return failure();
  return node.setResult(1, classes > 1 || transform == Transform::Probit ? transformScores(node, scores, transform) : scores);
}

// Row r of the coefficients holds, for a support vector of class c, that of the pair (c, r) if r < c and (c, r + 1) otherwise.
// So what each class contributes to its pairs is one matrix product, and a pair's score is the sum of two of these
// contributions.
Value SvmClassifier::pairScores() {
  SmallVector<Value> contributions;
  int64_t first = 0;
  for (int64_t each : perClass) {
    if (each == 0) {
      contributions.push_back(node.filled({shapeOf(x)[0], classes - 1}, node.getBuilder().getF32Type(), 0));
      continue;
    }
    Floats own;
    for (int64_t row = 0; row < classes - 1; ++row)
      own.append(coefficients.begin() + row * count + first, coefficients.begin() + row * count + first + each);
    Value near = kernel.apply(
        node, x,
        matrix(node, each, features, llvm::ArrayRef(vectors).slice(size_t(first * features), size_t(each * features))));
    contributions.push_back(product(node, near, matrix(node, classes - 1, each, own)));
    first += each;
  }
  Value all = node.concat(contributions, 1);
  Shape ofFirst, ofSecond;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j) {
      ofFirst.push_back(i * (classes - 1) + j - 1);
      ofSecond.push_back(j * (classes - 1) + i);
    }
  Value sum = node.add(node.emit<nn::GatherOp>(all, node.integerVector(ofFirst), int64_t(1)),
                       node.emit<nn::GatherOp>(all, node.integerVector(ofSecond), int64_t(1)));
  return node.add(sum, matrix(node, 1, pairs, rho));
}

// How many pairs each class wins: the first of a pair with a positive score, else the second.
Value SvmClassifier::votes(Value scores) {
  Floats weights(size_t(classes * pairs), 0), start;
  int64_t pair = 0;
  for (int64_t i = 0; i < classes; ++i) {
    start.push_back(float(i)); // pairs that end with i
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      weights[size_t(i * pairs + pair)] = 1;
      weights[size_t(j * pairs + pair)] = -1;
    }
  }
  Value wins = node.select(isGreater(node, scores, 0), node.scalar(1.0f), node.scalar(0.0f));
  return product(node, wins, matrix(node, classes, pairs, weights), start);
}

Value SvmClassifier::probabilities(Value scores) {
  Value argument = node.add(node.mul(scores, matrix(node, 1, pairs, probA)), matrix(node, 1, pairs, probB));
  Value ofFirst = node.unary(UnaryKind::Sigmoid, node.unary(UnaryKind::Neg, argument));
  Value inside = node.unary(UnaryKind::Clamp, ofFirst, 1e-7f, 1 - 1e-7f);
  return node.emit<nn::PairCouplingOp>(inside, classes);
}

LogicalResult SvmClassifier::run() {
  FailureOr<Labels> read = Labels::read(node, "classlabels_ints", "classlabels_strings");
  FailureOr<KernelFunction> readKernel = KernelFunction::read(node);
  FailureOr<Transform> readTransform = legalize::readTransform(node);
  x = featureRows(node);
  coefficients = node.reals("coefficients");
  vectors = node.reals("support_vectors");
  rho = node.reals("rho");
  probA = node.reals("prob_a");
  probB = node.reals("prob_b");
  perClass = node.integers("vectors_per_class");
  if (failed(read) || failed(readKernel) || failed(readTransform) || !x || node.hasFailed())
    return failure();
  labels = *read;
  kernel = *readKernel;
  transform = *readTransform;
  classes = labels->size();
  features = shapeOf(x)[1];
  if (failed(check()))
    return failure();
  if (count == 0)
    return runLinear();
  Value scores = pairScores();
  if (failed(labels->setResult(node, firstMax(node, votes(scores)))))
    return failure();
  if (!probA.empty())
    return node.setResult(1, transformScores(node, probabilities(scores), transform));
  if (classes > 2)
    return node.setResult(1, transformScores(node, scores, transform));
  return node.setResult(
      1, bothScores(node, scores, transform == Transform::None ? SecondClass::Negative : SecondClass::Complement, transform));
}

static LogicalResult legalizeSvmClassifier(NodeBinder &node) { return SvmClassifier(node).run(); }

void legalize::registerLinearModels(Registry &registry) {
  registry.add("ai.onnx.ml.LinearClassifier", {1}, {1, 1}, legalizeLinearClassifier);
  registry.add("ai.onnx.ml.LinearRegressor", {1}, {1, 1}, legalizeLinearRegressor);
  registry.add("ai.onnx.ml.SVMClassifier", {1}, {1, 1}, legalizeSvmClassifier);
  registry.add("ai.onnx.ml.SVMRegressor", {1}, {1, 1}, legalizeSvmRegressor);
}
