// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading arithmetic expressions as polynomials and products.
#include "passes/simplify/Polynomial.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

bool Polynomial::isNear(std::initializer_list<double> expected) const {
  for (size_t i = 0; i < c.size(); ++i) {
    double want = i < expected.size() ? expected.begin()[i] : 0;
    // What should be 0 may have a rounding error.
    if (want == 0 ? std::abs(c[i]) > 1e-6 : !simplify::isNear(c[i], want))
      return false;
  }
  return true;
}

static Polynomial scaled(Polynomial p, double factor) {
  for (double &coefficient : p.c)
    coefficient *= factor;
  return p;
}

static Polynomial sum(Polynomial a, const Polynomial &b) {
  for (size_t i = 0; i < a.c.size(); ++i)
    a.c[i] += b.c[i];
  return a;
}

static std::optional<Polynomial> product(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  for (size_t i = 0; i < a.c.size(); ++i)
    for (size_t j = 0; j < b.c.size(); ++j) {
      double term = a.c[i] * b.c[j];
      if (i + j < result.c.size())
        result.c[i + j] += term;
      else if (term != 0)
        return std::nullopt;
    }
  return result;
}

static bool hasClamp(nn::BinaryOp op) { return op.getActMin() || op.getActMax(); }

static std::optional<Polynomial> visit(Value value, Value x, bool ignoresClamp, unsigned depth) {
  if (value == x && !ignoresClamp)
    return Polynomial{{0, 1, 0, 0}};
  if (std::optional<double> number = splatOf(value))
    return Polynomial{{*number, 0, 0, 0}};
  if (depth == 0 || !isF32(value))
    return std::nullopt;
  if (auto unary = value.getDefiningOp<nn::UnaryOp>(); unary && unary.getKind() == nn::UnaryKind::Neg) {
    std::optional<Polynomial> inner = visit(unary.getX(), x, false, depth - 1);
    return inner ? std::optional(scaled(*inner, -1)) : std::nullopt;
  }
  auto op = value.getDefiningOp<nn::BinaryOp>();
  if (!op || (hasClamp(op) && !ignoresClamp))
    return std::nullopt;
  std::optional<Polynomial> a = visit(op.getA(), x, false, depth - 1);
  if (!a)
    return std::nullopt;
  std::optional<Polynomial> b = op.getA() == op.getB() ? a : visit(op.getB(), x, false, depth - 1);
  if (!b)
    return std::nullopt;
  bool isNumber = b->c[1] == 0 && b->c[2] == 0 && b->c[3] == 0;
  switch (op.getKind()) {
  case nn::BinaryKind::Add:
    return sum(*a, *b);
  case nn::BinaryKind::Sub:
    return sum(*a, scaled(*b, -1));
  case nn::BinaryKind::Mul:
    return product(*a, *b);
  case nn::BinaryKind::Div:
    return isNumber && b->c[0] != 0 ? std::optional(scaled(*a, 1 / b->c[0])) : std::nullopt;
  case nn::BinaryKind::Pow: {
    if (!isNumber || (b->c[0] != 2 && b->c[0] != 3))
      return std::nullopt;
    std::optional<Polynomial> square = product(*a, *a);
    return square && b->c[0] == 3 ? product(*square, *a) : square;
  }
  default:
    return std::nullopt;
  }
}

std::optional<Polynomial> simplify::polynomialOf(Value value, Value x, bool ignoresClamp) {
  return visit(value, x, ignoresClamp, /*depth=*/8);
}

Value simplify::baseOf(Value value, bool ignoresClamp) {
  for (unsigned depth = 0; depth < 8; ++depth, ignoresClamp = false) {
    auto unary = value.getDefiningOp<nn::UnaryOp>();
    auto binary = value.getDefiningOp<nn::BinaryOp>();
    if (unary && unary.getKind() == nn::UnaryKind::Neg)
      value = unary.getX();
    else if (binary && (ignoresClamp || !hasClamp(binary)) && splatOf(binary.getB()))
      value = binary.getA();
    else if (binary && (ignoresClamp || !hasClamp(binary)) && splatOf(binary.getA()))
      value = binary.getB();
    else
      break;
  }
  return value;
}

static void collect(Value value, bool isRoot, Product &product) {
  if (std::optional<double> number = splatOf(value)) {
    product.factor *= *number;
    return;
  }
  bool isInner = isF32(value) && (isRoot || value.hasOneUse());
  auto unary = value.getDefiningOp<nn::UnaryOp>();
  auto binary = value.getDefiningOp<nn::BinaryOp>();
  if (isInner && unary && unary.getKind() == nn::UnaryKind::Neg) {
    product.factor *= -1;
    collect(unary.getX(), false, product);
  } else if (isInner && binary && !hasClamp(binary) && binary.getKind() == nn::BinaryKind::Mul) {
    collect(binary.getA(), false, product);
    collect(binary.getB(), false, product);
  } else if (std::optional<double> divisor; isInner && binary && !hasClamp(binary) && binary.getKind() == nn::BinaryKind::Div &&
                                            (divisor = splatOf(binary.getB())) && *divisor != 0) {
    product.factor /= *divisor;
    collect(binary.getA(), false, product);
  } else {
    product.values.push_back(value);
  }
}

Product simplify::productOf(Value root) {
  Product product;
  collect(root, true, product);
  return product;
}

std::optional<Clamped> simplify::clampOf(Value value) {
  if (!isF32(value))
    return std::nullopt;
  if (auto unary = value.getDefiningOp<nn::UnaryOp>()) {
    if (unary.getKind() == nn::UnaryKind::Relu)
      return Clamped{unary.getX(), false, 0, std::numeric_limits<double>::infinity()};
    if (unary.getKind() == nn::UnaryKind::Clamp)
      return Clamped{unary.getX(), false, unary.getAlpha().convertToFloat(), unary.getBeta().convertToFloat()};
  }
  auto binary = value.getDefiningOp<nn::BinaryOp>();
  if (binary && hasClamp(binary))
    return Clamped{value, true, binary.getAct().first, binary.getAct().second};
  return std::nullopt;
}
