// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which operations can compute on tensors whose dimensions are stored in another order, and how.
#pragma once

#include "passes/simplify/Permutation.h"

namespace thimble::simplify {

/// The order in which each operand and the result of an operation are stored.
struct OpLayout {
  llvm::SmallVector<Permutation> operands;
  Permutation result;
};

/// The layout of `op` in which operand `index` has the order `order`. None if the operation cannot do it.
std::optional<OpLayout> layoutFromOperand(mlir::Operation *op, unsigned index, PermutationRef order);

/// The layout of `op` in which its result has the order `order`. None if the operation cannot do it.
std::optional<OpLayout> layoutFromResult(mlir::Operation *op, PermutationRef order);

/// True if no element of any operand or of the result moves.
bool isTrivial(mlir::Operation *op, const OpLayout &layout);

/// The same operation on `operands`, which are stored as `layout` says; its result is, too.
mlir::Value rebuild(mlir::OpBuilder &builder, mlir::Operation *op, const OpLayout &layout, mlir::ValueRange operands);

} // namespace thimble::simplify
