// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The forms in which the rewritten function has a value: int8 or int16, f32, or both, converted when first asked for.
#pragma once

#include "passes/quantize/TypePlan.h"

namespace thimble::quantize {

class ValueForms {
public:
  ValueForms(const ElementwiseFusion &fusion, const TypePlan &plan, mlir::OpBuilder &builder)
      : fusion(fusion), plan(plan), builder(builder) {}

  const TypePlan &getPlan() const { return plan; }
  mlir::OpBuilder &getBuilder() { return builder; }

  /// States what now computes `original`: an int8 or int16 tensor (of any scale), an f32 one, or one of the same type.
  void setInt8(mlir::Value original, mlir::Value value) {
    int8Forms[original] = value;
    keepFactors(original, value);
  }
  void setReal(mlir::Value original, mlir::Value value) { realForms[original] = value; }
  void setOther(mlir::Value original, mlir::Value value) { otherForms[original] = value; }

  /// `original` in int8 or int16 of type `type`, or of the planned type. Fails with an error if there is none.
  mlir::FailureOr<mlir::Value> getInt8(mlir::Value original, Int8Type type = nullptr);
  /// `original` in f32.
  mlir::FailureOr<mlir::Value> getReal(mlir::Value original);
  /// The copy of a value whose elements were never f32.
  mlir::Value getOther(mlir::Value original) const { return otherForms.lookup(original); }
  /// True if only f32 arithmetic computes `original`.
  bool isReal(mlir::Value original) const { return realForms.contains(original) && !int8Forms.contains(original); }

private:
  void keepFactors(mlir::Value original, mlir::Value made);
  mlir::FailureOr<mlir::Value> makeConstantInt8(mlir::Value original, Int8Type type);
  mlir::FailureOr<mlir::Value> makeLookup(mlir::Value original, Int8Type type);
  mlir::FailureOr<mlir::Value> makeLookup16(mlir::Value original, Int8Type type);

  const ElementwiseFusion &fusion;
  const TypePlan &plan;
  mlir::OpBuilder &builder;
  llvm::DenseMap<mlir::Value, mlir::Value> int8Forms, realForms, otherForms; // what was computed
  llvm::DenseMap<std::pair<mlir::Value, mlir::Type>, mlir::Value> converted; // what was made of that, by element type
};

} // namespace thimble::quantize
