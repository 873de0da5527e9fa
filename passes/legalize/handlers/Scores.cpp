// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Post-transforms and labels, composed of nn operations.
#include "passes/legalize/handlers/Scores.h"
#include "passes/legalize/Texts.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::CompareKind;
using nn::UnaryKind;

FailureOr<Transform> legalize::readTransform(NodeBinder &node) {
  llvm::StringRef name = node.text("post_transform", "NONE");
  auto transform = llvm::StringSwitch<std::optional<Transform>>(name)
                       .Case("NONE", Transform::None)
                       .Case("SOFTMAX", Transform::Softmax)
                       .Case("LOGISTIC", Transform::Logistic)
                       .Case("SOFTMAX_ZERO", Transform::SoftmaxZero)
                       .Case("PROBIT", Transform::Probit)
                       .Default(std::nullopt);
  if (!transform)
    return node.fail("attribute 'post_transform' must be NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT, got '" + name + "'");
  return *transform;
}

Value legalize::featureRows(NodeBinder &node) {
  Value x = node.operand(0);
  ShapeRef shape = shapeOf(x);
  if (shape.size() != 1 && shape.size() != 2) {
    (void)node.fail("input must be rows of features, [N, F] or [F], got the shape " + shapeText(shape));
    return {};
  }
  if (shape.size() == 1)
    x = node.reshape(x, {1, shape[0]});
  return node.cast(x, node.getBuilder().getF32Type());
}

Value legalize::isGreater(NodeBinder &node, Value a, float b) { return node.compare(CompareKind::Less, node.scalar(b), a); }

Value legalize::classIndex(NodeBinder &node, Value condition) {
  Type i64 = node.getBuilder().getI64Type();
  Value index = node.select(condition, node.scalar(i64, 1), node.scalar(i64, 0));
  return index ? node.reshape(index, {shapeOf(index)[0]}) : Value();
}

Value legalize::probit(NodeBinder &node, Value x) {
  // Winitzki's approximation, with the constants that ONNX Runtime uses.
  constexpr float a = 0.147f, pi = 3.14159f, root2 = 1.41421356f;
  Value y = node.sub(node.mul(x, node.scalar(2.0f)), node.scalar(1.0f));
  Value log = node.unary(UnaryKind::Log, node.mul(node.sub(node.scalar(1.0f), y), node.add(node.scalar(1.0f), y)));
  Value v = node.add(node.mul(log, node.scalar(0.5f)), node.scalar(2 / (pi * a)));
  Value root = node.unary(UnaryKind::Sqrt, node.sub(node.mul(v, v), node.mul(log, node.scalar(1 / a))));
  Value size = node.mul(node.unary(UnaryKind::Sqrt, node.sub(root, v)), node.scalar(root2));
  return node.select(node.compare(CompareKind::Less, y, node.scalar(0.0f)), node.unary(UnaryKind::Neg, size), size);
}

// Scores of 0 stay 0 and take no part in the sum.
static Value softmaxZero(NodeBinder &node, Value scores) {
  Value most = node.reduce(nn::ReduceKind::Max, scores, {1}, true);
  Value exp = node.unary(UnaryKind::Exp, node.sub(scores, most));
  Value isThere = isGreater(node, node.unary(UnaryKind::Abs, scores), 1e-7f);
  Value sum = node.reduce(nn::ReduceKind::Sum, node.select(isThere, exp, node.scalar(0.0f)), {1}, true);
  Value rest = node.mul(scores, node.unary(UnaryKind::Exp, node.unary(UnaryKind::Neg, most)));
  return node.div(node.select(isThere, exp, rest), sum);
}

Value legalize::transformScores(NodeBinder &node, Value scores, Transform transform) {
  switch (transform) {
  case Transform::None:
    return scores;
  case Transform::Softmax:
    return node.emit<nn::SoftmaxOp>(scores, int64_t(1), false);
  case Transform::Logistic:
    return node.unary(UnaryKind::Sigmoid, scores);
  case Transform::SoftmaxZero:
    return softmaxZero(node, scores);
  case Transform::Probit:
    return probit(node, scores);
  }
  llvm_unreachable("not a transform");
}

Value legalize::bothScores(NodeBinder &node, Value score, SecondClass second, Transform transform) {
  if (transform == Transform::Probit)
    return node.concat({probit(node, score), node.filled(shapeOf(score), node.getBuilder().getF32Type(), 0)}, 1);
  if (second == SecondClass::Complement)
    return node.concat({node.sub(node.scalar(1.0f), score), score}, 1);
  Value both = node.concat({node.unary(UnaryKind::Neg, score), score}, 1);
  return transform == Transform::Logistic ? node.unary(UnaryKind::Sigmoid, both) : both;
}

FailureOr<Labels> Labels::read(NodeBinder &node, llvm::StringRef integers, llvm::StringRef strings) {
  Labels labels;
  labels.texts = node.texts(strings);
  labels.numbers = node.integers(integers);
  if (node.hasFailed())
    return failure();
  if (labels.size() == 0)
    return node.fail("has no class labels: attribute '" + integers + "' or '" + strings + "' is needed");
  return labels;
}

Labels Labels::counted(int64_t count) const {
  static constexpr llvm::StringLiteral digits[] = {"0", "1"};
  Labels labels;
  if (isText())
    labels.texts.assign(std::begin(digits), std::end(digits));
  else
    labels.numbers = sequence(0, count);
  return labels;
}

LogicalResult Labels::setResult(NodeBinder &node, Value index) const {
  if (isText())
    return node.setResult(0, makeTexts(node, index, texts));
  bool isCounted = true;
  for (auto [i, label] : llvm::enumerate(numbers))
    isCounted &= label == int64_t(i);
  if (isCounted)
    return node.setResult(0, index);
  return node.setResult(0, node.emit<nn::GatherOp>(node.integerVector(numbers), index, int64_t(0)));
}
