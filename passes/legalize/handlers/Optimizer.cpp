// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Steps of optimizers (ONNX's preview of a training domain): each is a formula on several tensors at once.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::UnaryKind;

namespace {
// Inputs are the rate, the number of steps so far, then `kinds` lists of tensors of the same length.
struct Step {
  Value rate, count; // scalars; the count is f32
  size_t tensors = 0;
};
} // namespace

static FailureOr<Step> readStep(NodeBinder &node, size_t kinds) {
  size_t lists = node.getOperandCount() - 2;
  if (lists % kinds != 0)
    return node.fail("needs " + Twine(kinds) + " tensors for each parameter, got " + Twine(lists));
  for (size_t i = 0; i < node.getOperandCount(); ++i)
    if (!node.operand(i))
      return node.fail("input " + Twine(i) + " is left out");
  Step step{node.operand(0), node.operand(1), lists / kinds};
  if (elementCount(shapeOf(step.rate)) != 1 || elementCount(shapeOf(step.count)) != 1)
    return node.fail("rate and count must be single numbers");
  for (size_t i = 0; i < node.getOperandCount(); ++i)
    if (i != 1 && failed(node.needFloat(node.operand(i), "tensor " + std::to_string(i))))
      return failure();
  step.rate = node.reshape(step.rate, {});
  step.count = node.reshape(node.cast(step.count, node.getBuilder().getF32Type()), {});
  return step;
}

static Value tensor(NodeBinder &node, const Step &step, size_t kind, size_t index) {
  return node.operand(2 + kind * step.tensors + index);
}

// g + norm * x: the gradient with that of a squared norm.
static Value regularized(NodeBinder &node, const Step &step, size_t index) {
  Value decay = node.scalar(node.real("norm_coefficient", 0));
  return node.add(node.mul(decay, tensor(node, step, 0, index)), tensor(node, step, 1, index));
}

static Value isPositive(NodeBinder &node, Value x) { return node.compare(nn::CompareKind::Less, node.scalar(0), x); }

// Duchi et al. 2011.
static LogicalResult legalizeAdagrad(NodeBinder &node) {
  FailureOr<Step> step = readStep(node, 3);
  if (failed(step))
    return failure();
  Value decay = node.scalar(node.real("decay_factor", 0)), epsilon = node.scalar(node.real("epsilon", 1e-6f));
  Value rate = node.div(step->rate, node.add(node.scalar(1), node.mul(step->count, decay)));
  for (size_t i = 0; i < step->tensors; ++i) {
    Value g = regularized(node, *step, i), h = node.add(tensor(node, *step, 2, i), node.mul(g, g));
    Value change = node.div(node.mul(rate, g), node.add(node.unary(UnaryKind::Sqrt, h), epsilon));
    if (failed(node.setResult(i, node.sub(tensor(node, *step, 0, i), change))) || failed(node.setResult(step->tensors + i, h)))
      return failure();
  }
  return success();
}

// Kingma and Ba 2015; the rate corrects the bias of both averages.
static LogicalResult legalizeAdam(NodeBinder &node) {
  FailureOr<Step> step = readStep(node, 4);
  if (failed(step))
    return failure();
  float alpha = node.real("alpha", 0.9f), beta = node.real("beta", 0.999f);
  Value epsilon = node.scalar(node.real("epsilon", 1e-6f)), kept = node.scalar(1 - node.real("norm_coefficient_post", 0));
  auto remaining = [&](float factor) {
    return node.sub(node.scalar(1), node.binary(BinaryKind::Pow, node.scalar(factor), step->count));
  };
  Value corrected = node.div(node.mul(step->rate, node.unary(UnaryKind::Sqrt, remaining(beta))), remaining(alpha));
  Value rate = node.select(isPositive(node, step->count), corrected, step->rate);
  auto average = [&](Value old, Value fresh, float factor) {
    return node.add(node.mul(node.scalar(factor), old), node.mul(node.scalar(1 - factor), fresh));
  };
  for (size_t i = 0; i < step->tensors; ++i) {
    Value g = regularized(node, *step, i);
    Value v = average(tensor(node, *step, 2, i), g, alpha), h = average(tensor(node, *step, 3, i), node.mul(g, g), beta);
    Value change = node.div(node.mul(rate, v), node.add(node.unary(UnaryKind::Sqrt, h), epsilon));
    Value x = node.mul(kept, node.sub(tensor(node, *step, 0, i), change));
    if (failed(node.setResult(i, x)) || failed(node.setResult(step->tensors + i, v)) ||
        failed(node.setResult(2 * step->tensors + i, h)))
      return failure();
  }
  return success();
}

// In the first step the gradient counts in full.
static LogicalResult legalizeMomentum(NodeBinder &node) {
  FailureOr<Step> step = readStep(node, 3);
  if (failed(step))
    return failure();
  StringRef mode = node.text("mode", "standard");
  Value alpha = node.scalar(node.real("alpha", 0)), beta = node.scalar(node.real("beta", 0));
  if (mode != "standard" && mode != "nesterov")
    return node.fail("attribute 'mode' must be 'standard' or 'nesterov', got '" + mode + "'");
  Value share = node.select(isPositive(node, step->count), beta, node.scalar(1));
  for (size_t i = 0; i < step->tensors; ++i) {
    Value g = regularized(node, *step, i);
    Value v = node.add(node.mul(alpha, tensor(node, *step, 2, i)), node.mul(share, g));
    Value direction = mode == "nesterov" ? node.add(g, node.mul(alpha, v)) : v;
    Value x = node.sub(tensor(node, *step, 0, i), node.mul(step->rate, direction));
    if (failed(node.setResult(i, x)) || failed(node.setResult(step->tensors + i, v)))
      return failure();
  }
  return success();
}

void legalize::registerOptimizers(Registry &registry) {
  registry.add("ai.onnx.preview.training.Adagrad", {1}, {5, anyNumber}, legalizeAdagrad);
  registry.add("ai.onnx.preview.training.Adam", {1}, {6, anyNumber}, legalizeAdam);
  registry.add("ai.onnx.preview.training.Momentum", {1}, {5, anyNumber}, legalizeMomentum);
}
