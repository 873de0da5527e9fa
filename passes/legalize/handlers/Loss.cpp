// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Losses of classification.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::ReduceKind;
using nn::UnaryKind;

// -x[n, target[n, ...], ...] * weight[target[n, ...]], without targets that are ignored, reduced as the attributes say. x holds
// logarithms of probabilities [batch, classes, ...]. Null after an error.
static Value negativeLogLikelihood(NodeBinder &node, Value x, Value target, Value weight) {
  StringRef reduction = node.text("reduction", "mean");
  ShapeRef shape = shapeOf(x);
  Type i64 = node.getBuilder().getI64Type(), f32 = node.getBuilder().getF32Type();
  if (node.hasFailed())
    return {};
  if (shape.size() < 2) {
    (void)node.fail("needs an input with batch and classes, got shape " + shapeText(shape));
    return {};
  }
  Shape expected{shape[0]};
  expected.append(shape.begin() + 2, shape.end());
  if (shapeOf(target) != ShapeRef(expected) || !isInteger(target)) {
    (void)node.fail("needs integer targets of shape " + shapeText(expected) + ", got " + typeText(target.getType()));
    return {};
  }
  if (weight && shapeOf(weight) != ShapeRef{shape[1]}) {
    (void)node.fail("needs a weight for each of the " + Twine(shape[1]) + " classes");
    return {};
  }
  if (reduction != "none" && reduction != "sum" && reduction != "mean") {
    (void)node.fail("attribute 'reduction' must be 'none', 'sum' or 'mean', got '" + reduction + "'");
    return {};
  }
  if (failed(node.needFloat(x, "input")) || failed(node.needFloat(weight, "weight")))
    return {};
  int64_t inner = *elementCount(shape.drop_front(2));
  Value index = node.reshape(node.cast(target, i64), {shape[0], 1, inner});
  Value y = node.unary(UnaryKind::Neg, node.emit<nn::GatherElementsOp>(node.reshape(x, {shape[0], shape[1], inner}), index, 1));
  Value share = weight ? node.emit<nn::GatherOp>(weight, index, 0) : Value();
  if (node.has("ignore_index")) {
    Value isIgnored = node.compare(nn::CompareKind::Equal, index, node.scalar(i64, double(node.integer("ignore_index", 0))));
    Value zero = node.scalar(0);
    share = node.select(isIgnored, zero, weight ? share : node.filled({shape[0], 1, inner}, f32, 1));
    y = node.select(isIgnored, zero, y); // what is ignored may be infinite
  }
  if (share)
    y = node.mul(y, share);
  if (reduction == "none")
    return node.reshape(y, expected);
  Shape all{0, 1, 2};
  if (reduction == "mean" && !share)
    return node.reduce(ReduceKind::Mean, y, all, false);
  Value sum = node.reduce(ReduceKind::Sum, y, all, false);
  return reduction == "sum" ? sum : node.div(sum, node.reduce(ReduceKind::Sum, share, all, false));
}

static LogicalResult legalizeNegativeLogLikelihoodLoss(NodeBinder &node) {
  return node.setResult(negativeLogLikelihood(node, node.operand(0), node.operand(1), node.operand(2)));
}

static LogicalResult legalizeSoftmaxCrossEntropyLoss(NodeBinder &node) {
  Value scores = node.operand(0);
  if (shapeOf(scores).size() < 2)
    return node.fail("needs scores with batch and classes, got shape " + shapeText(shapeOf(scores)));
  if (failed(node.needFloat(scores, "scores")))
    return failure();
  Value logarithms = node.emit<nn::SoftmaxOp>(scores, 1, /*log=*/true);
  if (failed(node.setResult(0, negativeLogLikelihood(node, logarithms, node.operand(1), node.operand(2)))))
    return failure();
  return node.setResult(1, logarithms);
}

void legalize::registerLosses(Registry &registry) {
  registry.add("NegativeLogLikelihoodLoss", {12, 13, 22}, {2, 3}, legalizeNegativeLogLikelihoodLoss);
  registry.add("SoftmaxCrossEntropyLoss", {12, 13}, {2, 3}, legalizeSoftmaxCrossEntropyLoss);
}
