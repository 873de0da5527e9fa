// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of one tensor, element by element.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::CompareKind;
using nn::UnaryKind;

template <UnaryKind kind> static LogicalResult legalizeUnary(NodeBinder &node) {
  return node.setResult(node.unary(kind, node.operand(0)));
}

// Integers are whole already.
template <UnaryKind kind> static LogicalResult legalizeRounding(NodeBinder &node) {
  Value x = node.operand(0);
  return node.setResult(isInteger(x) ? x : node.unary(kind, x));
}

static LogicalResult legalizeRelu(NodeBinder &node) {
  Value x = node.operand(0);
  return node.setResult(isInteger(x) ? node.binary(BinaryKind::Max, x, node.scalar(elementOf(x), 0))
                                     : node.unary(UnaryKind::Relu, x));
}

static LogicalResult legalizeSign(NodeBinder &node) {
  Value x = node.operand(0);
  if (!isInteger(x))
    return node.setResult(node.unary(UnaryKind::Sign, x));
  Type element = elementOf(x), wide = node.getBuilder().getI64Type(); // holds -1, whatever the type
  Value low = node.binary(BinaryKind::Max, node.cast(x, wide), node.scalar(wide, -1));
  return node.setResult(node.cast(node.binary(BinaryKind::Min, low, node.scalar(wide, 1)), element));
}

// Functions with the parameters alpha and beta, whose defaults depend on the operator.
static LogicalResult withParameters(NodeBinder &node, UnaryKind kind, float alpha, float beta = 0) {
  if (kind == UnaryKind::HardSigmoid)
    beta = node.real("beta", beta);
  return node.setResult(node.unary(kind, node.operand(0), node.real("alpha", alpha), beta));
}

static LogicalResult legalizeGelu(NodeBinder &node) {
  StringRef approximate = node.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return node.fail("attribute 'approximate' must be 'none' or 'tanh', got '" + approximate + "'");
  return node.setResult(node.unary(approximate == "tanh" ? UnaryKind::GeluTanh : UnaryKind::Gelu, node.operand(0)));
}

// scale * elu(x), of Klambauer et al. The positive side is scaled as well.
static LogicalResult legalizeSelu(NodeBinder &node) {
  float alpha = node.real("alpha", 1.67326319217681884765625f), gamma = node.real("gamma", 1.05070102214813232421875f);
  return node.setResult(node.mul(node.unary(UnaryKind::Elu, node.operand(0), alpha), node.scalar(gamma)));
}

// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) = alpha * elu(x / alpha)
static LogicalResult legalizeCelu(NodeBinder &node) {
  float alpha = node.real("alpha", 1);
  Value x = node.operand(0);
  if (alpha == 1)
    return node.setResult(node.unary(UnaryKind::Elu, x, 1));
  return node.setResult(node.mul(node.unary(UnaryKind::Elu, node.div(x, node.scalar(alpha)), 1), node.scalar(alpha)));
}

static LogicalResult legalizeSoftsign(NodeBinder &node) {
  Value x = node.operand(0);
  return node.setResult(node.div(x, node.add(node.unary(UnaryKind::Abs, x), node.scalar(1))));
}

static LogicalResult legalizeMish(NodeBinder &node) {
  Value x = node.operand(0);
  return node.setResult(node.mul(x, node.unary(UnaryKind::Tanh, node.unary(UnaryKind::Softplus, x))));
}

// x > alpha ? x : 0
static LogicalResult legalizeThresholdedRelu(NodeBinder &node) {
  Value x = node.operand(0), alpha = node.scalar(node.real("alpha", 1));
  return node.setResult(node.select(node.compare(CompareKind::Less, alpha, x), x, node.scalar(0)));
}

// x < -lambd ? x + bias : x > lambd ? x - bias : 0
static LogicalResult legalizeShrink(NodeBinder &node) {
  Value x = node.operand(0), bias = node.scalar(node.real("bias", 0));
  float lambda = node.real("lambd", 0.5);
  Value above = node.select(node.compare(CompareKind::Less, node.scalar(lambda), x), node.sub(x, bias), node.scalar(0));
  return node.setResult(node.select(node.compare(CompareKind::Less, x, node.scalar(-lambda)), node.add(x, bias), above));
}

static LogicalResult legalizeTan(NodeBinder &node) {
  Value x = node.operand(0);
  return node.setResult(node.div(node.unary(UnaryKind::Sin, x), node.unary(UnaryKind::Cos, x)));
}

// (exp(x) + exp(-x)) / 2
static LogicalResult legalizeCosh(NodeBinder &node) {
  Value x = node.operand(0);
  Value both = node.add(node.unary(UnaryKind::Exp, x), node.unary(UnaryKind::Exp, node.unary(UnaryKind::Neg, x)));
  return node.setResult(node.mul(both, node.scalar(0.5)));
}

// x * sigmoid(alpha * x)
static LogicalResult legalizeSwish(NodeBinder &node) {
  float alpha = node.real("alpha", 1);
  Value x = node.operand(0);
  if (alpha == 1)
    return node.setResult(node.unary(UnaryKind::Silu, x));
  return node.setResult(node.mul(x, node.unary(UnaryKind::Sigmoid, node.mul(x, node.scalar(alpha)))));
}

// max(x, low), then min(., high); null bounds do nothing. Of constant float bounds it is one operation.
static Value clamp(NodeBinder &node, Value x, Value low, Value high) {
  auto constantBound = [](Value bound, float missing) -> std::optional<float> {
    if (!bound)
      return missing;
    FailureOr<ConstantData> data = ConstantData::get(bound);
    return succeeded(data) && data->size() == 1 && isF32(bound) ? std::optional(float(data->number(0))) : std::nullopt;
  };
  float infinity = std::numeric_limits<float>::infinity();
  std::optional<float> least = constantBound(low, -infinity), most = constantBound(high, infinity);
  if (!low && !high)
    return x;
  if (isF32(x) && least && most)
    return *least == 0 && !high ? node.unary(UnaryKind::Relu, x) : node.unary(UnaryKind::Clamp, x, *least, *most);
  if (low)
    x = node.binary(BinaryKind::Max, x, low);
  return high ? node.binary(BinaryKind::Min, x, high) : x;
}

static LogicalResult legalizeClip6(NodeBinder &node) {
  Value low = node.has("min") ? node.scalar(node.real("min", 0)) : Value();
  Value high = node.has("max") ? node.scalar(node.real("max", 0)) : Value();
  return node.setResult(clamp(node, node.operand(0), low, high));
}

static LogicalResult legalizeClip11(NodeBinder &node) {
  Value low = node.operand(1), high = node.operand(2);
  for (Value bound : {low, high})
    if (bound && elementCount(shapeOf(bound)) != 1)
      return node.fail("bounds must be scalars, got shape " + shapeText(shapeOf(bound)));
  // Some exporters write a bound as [1], which must not change the rank.
  low = low ? node.reshape(low, {}) : low;
  high = high ? node.reshape(high, {}) : high;
  return node.setResult(clamp(node, node.operand(0), low, high));
}

void legalize::registerActivations(Registry &registry) {
  auto add = [&](StringRef name, std::initializer_list<int64_t> since, Handler handler) {
    registry.add(name, since, {1, 1}, handler);
  };
  add("Relu", {1, 6, 13, 14}, legalizeRelu);
  add("LeakyRelu", {1, 6, 16}, [](NodeBinder &node) { return withParameters(node, UnaryKind::LeakyRelu, 0.01f); });
  add("Elu", {1, 6, 22}, [](NodeBinder &node) { return withParameters(node, UnaryKind::Elu, 1); });
  add("HardSigmoid", {1, 6, 22}, [](NodeBinder &node) { return withParameters(node, UnaryKind::HardSigmoid, 0.2f, 0.5f); });
  add("HardSwish", {14, 22}, legalizeUnary<UnaryKind::HardSwish>);
  add("Sigmoid", {1, 6, 13}, legalizeUnary<UnaryKind::Sigmoid>);
  add("Tanh", {1, 6, 13}, legalizeUnary<UnaryKind::Tanh>);
  add("Gelu", {20}, legalizeGelu);
  add("Selu", {1, 6, 22}, legalizeSelu);
  add("Celu", {12}, legalizeCelu);
  add("Softplus", {1, 22}, legalizeUnary<UnaryKind::Softplus>);
  add("Softsign", {1, 22}, legalizeSoftsign);
  add("Mish", {18, 22}, legalizeMish);
  add("ThresholdedRelu", {10, 22}, legalizeThresholdedRelu);
  add("Shrink", {9}, legalizeShrink);
  add("Clip", {1, 6}, legalizeClip6);
  registry.add("Clip", {11, 12, 13}, {1, 3}, legalizeClip11);
  add("Abs", {1, 6, 13}, legalizeUnary<UnaryKind::Abs>);
  add("Neg", {1, 6, 13}, legalizeUnary<UnaryKind::Neg>);
  add("Exp", {1, 6, 13}, legalizeUnary<UnaryKind::Exp>);
  add("Log", {1, 6, 13}, legalizeUnary<UnaryKind::Log>);
  add("Sqrt", {1, 6, 13}, legalizeUnary<UnaryKind::Sqrt>);
  add("Erf", {9, 13}, legalizeUnary<UnaryKind::Erf>);
  add("Reciprocal", {1, 6, 13}, legalizeUnary<UnaryKind::Reciprocal>);
  add("Floor", {1, 6, 13}, legalizeRounding<UnaryKind::Floor>);
  add("Ceil", {1, 6, 13}, legalizeRounding<UnaryKind::Ceil>);
  add("Round", {11, 22}, legalizeRounding<UnaryKind::Round>);
  add("Sign", {9, 13}, legalizeSign);
  add("Sin", {7, 22}, legalizeUnary<UnaryKind::Sin>);
  add("Cos", {7, 22}, legalizeUnary<UnaryKind::Cos>);
  add("Tan", {7, 22}, legalizeTan);
  add("Asin", {7, 22}, legalizeUnary<UnaryKind::Asin>);
  add("Acos", {7, 22}, legalizeUnary<UnaryKind::Acos>);
  add("Atan", {7, 22}, legalizeUnary<UnaryKind::Atan>);
  add("Sinh", {9, 22}, legalizeUnary<UnaryKind::Sinh>);
  add("Cosh", {9, 22}, legalizeCosh);
  add("Asinh", {9, 22}, legalizeUnary<UnaryKind::Asinh>);
  add("Acosh", {9, 22}, legalizeUnary<UnaryKind::Acosh>);
  add("Atanh", {9, 22}, legalizeUnary<UnaryKind::Atanh>);
  add("Swish", {24}, legalizeSwish);
}
