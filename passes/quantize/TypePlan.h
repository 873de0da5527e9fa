// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chooses the int8 or int16 type of every f32 value of a function before anything is rewritten.
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

  /// The int8 type of a value whose planned type is int16, for operations without an int16 kernel.
  Int8Type getNarrowType(mlir::Value value) const;

  /// True if the states of a recurrent layer are int16.
  bool hasWideStates(mlir::Operation *op) const;

  /// What an elementwise expression yields for each code of its root, from -128 on; empty if the root has no int8 type.
  llvm::ArrayRef<float> getNumbers(mlir::Value expression) const {
    auto found = numbers.find(expression);
    return found == numbers.end() ? llvm::ArrayRef<float>() : llvm::ArrayRef<float>(found->second);
  }

private:
  TypePlan(const ElementwiseFusion &fusion) : fusion(&fusion) {}
  void adoptTypes(mlir::Block &body);
  void findWide(mlir::Block &body);
  bool markWide(mlir::Value value);
  Int8Type chooseBy(mlir::Value value, Range range) const;
  mlir::FailureOr<Int8Type> chooseType(mlir::Value value);
  mlir::FailureOr<Int8Type> chooseExpressionType(mlir::Value value, std::optional<Range> range);
  Int8Type chooseSharedType(mlir::Operation *op, llvm::ArrayRef<mlir::OpOperand *> operands, std::optional<Range> calibrated);
  void shareBackwards(mlir::Operation *op);

  const ElementwiseFusion *fusion;
  llvm::DenseMap<mlir::Value, Int8Type> adopted; // types in which the model quantizes values itself
  llvm::DenseMap<mlir::Value, Int8Type> types;
  llvm::DenseSet<mlir::Value> floatStates;
  llvm::DenseSet<mlir::Value> wide; // values that shall be int16
  llvm::DenseMap<mlir::Value, std::vector<float>> numbers;
};

} // namespace thimble::quantize
