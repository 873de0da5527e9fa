// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chooses the int8 type of every f32 value of a function before anything is rewritten.
#pragma once

#include "passes/quantize/Affine.h"
#include "passes/quantize/ElementwiseFusion.h"

namespace thimble::quantize {

class TypePlan {
public:
  /// Fails with an error that names the node if a range or a constant is unusable.
  static mlir::FailureOr<TypePlan> create(mlir::func::FuncOp function, const ElementwiseFusion &fusion);

  /// The type of `value`; null if calibration left no range from which to choose it.
  Int8Type getType(mlir::Value value) const { return types.lookup(value); }

  /// True for a state that stays f32, because what computes it does.
  bool isFloatState(mlir::Value argument) const { return floatStates.contains(argument); }

  /// What an elementwise expression yields for each code of its root, from -128 on; empty if the root has no type.
  llvm::ArrayRef<float> getNumbers(mlir::Value expression) const {
    auto found = numbers.find(expression);
    return found == numbers.end() ? llvm::ArrayRef<float>() : llvm::ArrayRef<float>(found->second);
  }

private:
  TypePlan(const ElementwiseFusion &fusion) : fusion(&fusion) {}
  void adoptTypes(mlir::Block &body);
  mlir::FailureOr<Int8Type> chooseType(mlir::Value value);
  mlir::FailureOr<Int8Type> chooseExpressionType(mlir::Value value, std::optional<Range> range);
  Int8Type chooseSharedType(mlir::Operation *op, llvm::ArrayRef<mlir::OpOperand *> operands, std::optional<Range> calibrated);
  void shareBackwards(mlir::Operation *op);

  const ElementwiseFusion *fusion;
  llvm::DenseMap<mlir::Value, Int8Type> adopted; // types in which the model quantizes values itself
  llvm::DenseMap<mlir::Value, Int8Type> types;
  llvm::DenseSet<mlir::Value> floatStates;
  llvm::DenseMap<mlir::Value, std::vector<float>> numbers;
};

} // namespace thimble::quantize
