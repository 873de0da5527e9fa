// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds elementwise expressions of one tensor: in int8 they are a table of 256 entries, whatever they are made of.
#pragma once

#include "dialects/nn/NNDialect.h"
#include "llvm/ADT/DenseMap.h"

namespace thimble::quantize {

/// For every value of a function the tensor whose elements alone determine its elements.
class ElementwiseFusion {
public:
  explicit ElementwiseFusion(mlir::func::FuncOp function);

  /// The f32 tensor of which `value` is an elementwise function (with scalar constants); `value` itself if there is none.
  mlir::Value getRoot(mlir::Value value) const;
  bool isExpression(mlir::Value value) const { return getRoot(value) != value; }

  /// Applies the function of getRoot(value) that `value` is to some real numbers, with the runtime's float kernels.
  mlir::FailureOr<std::vector<float>> evaluate(mlir::Value value, llvm::ArrayRef<float> rootElements) const;

private:
  mlir::Value findDeepRoot(mlir::Operation *op) const;
  mlir::Value findRoot(mlir::Operation *op) const;

  // The root found when all of an expression is inlined, and the root chosen in the end.
  llvm::DenseMap<mlir::Value, mlir::Value> deepRoots, roots;
  // Values of expressions that something else than an expression uses: they exist anyway.
  llvm::DenseSet<mlir::Value> stored;
};

} // namespace thimble::quantize
