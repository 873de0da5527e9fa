// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic expressions of one value as polynomials and products, so that patterns do not depend on how they are written.
#pragma once

#include "passes/simplify/Support.h"
#include <array>

namespace thimble::simplify {

/// c[0] + c[1] x + c[2] x^2 + c[3] x^3
struct Polynomial {
  std::array<double, 4> c = {0, 0, 0, 0};

  /// True if all coefficients are near those given, the missing ones being 0.
  bool isNear(std::initializer_list<double> expected) const;
};

/// `value` as a polynomial in `x`, or none if it is something else. Clamps are refused, except that of `value` itself with
/// `ignoresClamp`.
std::optional<Polynomial> polynomialOf(mlir::Value value, mlir::Value x, bool ignoresClamp = false);

/// The value from which `value` is computed by operations with splat constants only: a candidate for the x of polynomialOf.
mlir::Value baseOf(mlir::Value value, bool ignoresClamp = false);

/// `root` as a product of a number and values, through multiplications, divisions by numbers and negations without other users.
struct Product {
  double factor = 1;
  llvm::SmallVector<mlir::Value> values;
};
Product productOf(mlir::Value root);

/// `value` as a clamp of something: by nn.unary clamp or relu, or by the clamp of nn.binary.
struct Clamped {
  mlir::Value inner; // the operand, or the result of the nn.binary
  bool isOwnClamp;   // inner's own clamp is meant
  double low, high;
};
std::optional<Clamped> clampOf(mlir::Value value);

} // namespace thimble::simplify
