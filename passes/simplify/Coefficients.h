// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Affine functions y = scale * x + shift with constant scale and shift, computed in double, and the operations that are such.
#pragma once

#include "passes/simplify/Support.h"

namespace thimble::simplify {

/// A constant in double precision that broadcasts as in NumPy.
struct Coefficients {
  Shape shape;
  std::vector<double> values;

  static Coefficients scalar(double value) { return {{}, {value}}; }
  static Coefficients of(const ConstantData &data);
  bool areAll(double number) const;
  bool areFinite() const;
  /// True if, aligned with the last of `rank` dimensions, they differ in the trailing dimensions `dims` only.
  bool fitTrailing(ShapeRef dims) const;
  /// The values repeated to `dims`; they must fit.
  std::vector<double> expandedTo(ShapeRef dims) const;
};

/// Element by element; the shapes must broadcast, which those of one chain of operations do unless fails.
mlir::FailureOr<Coefficients> combine(const Coefficients &a, const Coefficients &b,
                                      llvm::function_ref<double(double, double)> fn);

struct Affine {
  Coefficients scale = Coefficients::scalar(1), shift = Coefficients::scalar(0);

  /// This function, then `next`.
  mlir::FailureOr<Affine> then(const Affine &next) const;
};

/// If `op` adds, subtracts, multiplies or divides f32 with one constant operand, or negates: the function, and its operand.
/// The operation may have a clamp, which is not part of the function.
struct AffineStep {
  mlir::Operation *op;
  mlir::Value x;
  Affine function;
  bool hasClamp;
};
std::optional<AffineStep> getAffineStep(mlir::Operation *op);

/// The clamp of an affine step.
std::pair<float, float> getClamp(const AffineStep &step);

/// Follows a value through affine steps, as long as each result has one use and the type of `value`. A step with a clamp is the
/// last. `accepts` may refuse a step.
struct AffineChain {
  Affine function;
  llvm::SmallVector<AffineStep> steps;
};
AffineChain followUses(mlir::Value value, llvm::function_ref<bool(const AffineStep &)> accepts);

} // namespace thimble::simplify
