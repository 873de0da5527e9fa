// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic of constant coefficients, and reading them from operations.
#include "passes/simplify/Coefficients.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

static int64_t countOf(ShapeRef shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

Coefficients Coefficients::of(const ConstantData &data) {
  Coefficients result{Shape(data.getType().getShape()), std::vector<double>(size_t(data.size()))};
  for (int64_t i = 0; i < data.size(); ++i)
    result.values[size_t(i)] = data.number(i);
  return result;
}

bool Coefficients::areAll(double number) const {
  return llvm::all_of(values, [&](double value) { return value == number; });
}

bool Coefficients::areFinite() const {
  return llvm::all_of(values, [](double value) { return std::isfinite(float(value)); });
}

bool Coefficients::fitTrailing(ShapeRef dims) const {
  for (size_t fromEnd = 1; fromEnd <= shape.size(); ++fromEnd) {
    int64_t size = shape[shape.size() - fromEnd];
    if (size != 1 && (fromEnd > dims.size() || size != dims[dims.size() - fromEnd]))
      return false;
  }
  return true;
}

std::vector<double> Coefficients::expandedTo(ShapeRef dims) const {
  // Dimensions beyond those of `dims` have size 1.
  ShapeRef own = ShapeRef(shape).take_back(dims.size());
  Shape strides(dims.size(), 0);
  int64_t stride = 1;
  for (size_t fromEnd = 1; fromEnd <= own.size(); ++fromEnd) {
    int64_t size = own[own.size() - fromEnd];
    strides[dims.size() - fromEnd] = size == 1 ? 0 : stride;
    stride *= size;
  }
  std::vector<double> result(size_t(countOf(dims)));
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t rest = int64_t(i), index = 0;
    for (size_t d = dims.size(); d-- > 0; rest /= dims[d])
      index += rest % dims[d] * strides[d];
    result[i] = values[size_t(index)];
  }
  return result;
}

FailureOr<Coefficients> simplify::combine(const Coefficients &a, const Coefficients &b,
                                          llvm::function_ref<double(double, double)> fn) {
  FailureOr<Shape> shape = nn::broadcastShapes({a.shape, b.shape});
  // What two small constants broadcast to may be large: that is no gain.
  if (failed(shape) || countOf(*shape) > std::max(countOf(a.shape), countOf(b.shape)))
    return failure();
  std::vector<double> left = a.expandedTo(*shape), right = b.expandedTo(*shape);
  for (size_t i = 0; i < left.size(); ++i)
    left[i] = fn(left[i], right[i]);
  return Coefficients{*shape, std::move(left)};
}

FailureOr<Affine> Affine::then(const Affine &next) const {
  auto multiply = [](double a, double b) { return a * b; };
  FailureOr<Coefficients> newScale = combine(scale, next.scale, multiply), scaled = combine(shift, next.scale, multiply);
  if (failed(newScale) || failed(scaled))
    return failure();
  FailureOr<Coefficients> newShift = combine(*scaled, next.shift, [](double a, double b) { return a + b; });
  if (failed(newShift))
    return failure();
  return Affine{*newScale, *newShift};
}

static std::optional<Affine> ofBinary(nn::BinaryKind kind, Coefficients c, bool isLeft) {
  Affine result;
  switch (kind) {
  case nn::BinaryKind::Add:
    result.shift = std::move(c);
    return result;
  case nn::BinaryKind::Sub:
    if (isLeft) {
      result.scale = Coefficients::scalar(-1);
      result.shift = std::move(c);
      return result;
    }
    for (double &value : c.values)
      value = -value;
    result.shift = std::move(c);
    return result;
  case nn::BinaryKind::Mul:
    result.scale = std::move(c);
    return result;
  case nn::BinaryKind::Div:
    if (isLeft || llvm::is_contained(c.values, 0.0))
      return std::nullopt;
    for (double &value : c.values)
      value = 1 / value;
    result.scale = std::move(c);
    return result;
  default:
    return std::nullopt;
  }
}

std::optional<AffineStep> simplify::getAffineStep(Operation *op) {
  if (auto unary = dyn_cast_or_null<nn::UnaryOp>(op)) {
    if (unary.getKind() != nn::UnaryKind::Neg || !isF32(unary.getX()))
      return std::nullopt;
    return AffineStep{op, unary.getX(), {Coefficients::scalar(-1), Coefficients::scalar(0)}, false};
  }
  auto binary = dyn_cast_or_null<nn::BinaryOp>(op);
  if (!binary || !isF32(binary.getA()) || isConstant(binary.getA()) == isConstant(binary.getB()))
    return std::nullopt;
  bool isLeft = isConstant(binary.getA());
  FailureOr<ConstantData> data = ConstantData::get(isLeft ? binary.getA() : binary.getB());
  if (failed(data))
    return std::nullopt;
  Coefficients coefficients = Coefficients::of(*data);
  if (!coefficients.areFinite() || coefficients.values.empty())
    return std::nullopt;
  std::optional<Affine> function = ofBinary(binary.getKind(), std::move(coefficients), isLeft);
  if (!function)
    return std::nullopt;
  bool hasClamp = binary.getActMin() || binary.getActMax();
  return AffineStep{op, isLeft ? binary.getB() : binary.getA(), std::move(*function), hasClamp};
}

std::pair<float, float> simplify::getClamp(const AffineStep &step) {
  if (auto binary = dyn_cast<nn::BinaryOp>(step.op))
    return binary.getAct();
  return {-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity()};
}

AffineChain simplify::followUses(Value value, llvm::function_ref<bool(const AffineStep &)> accepts) {
  AffineChain chain;
  Type type = value.getType();
  while (value.hasOneUse()) {
    std::optional<AffineStep> step = getAffineStep(*value.getUsers().begin());
    if (!step || step->op->getResult(0).getType() != type || !accepts(*step))
      break;
    FailureOr<Affine> longer = chain.function.then(step->function);
    if (failed(longer))
      break;
    chain.function = std::move(*longer);
    value = step->op->getResult(0);
    bool isLast = step->hasClamp;
    chain.steps.push_back(std::move(*step));
    if (isLast)
      break;
  }
  return chain;
}
