// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A limit for what the compiler computes itself, of operators whose kernels take more than a few steps for each element.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

/// Fails if `x` is a constant, so that the compiler would run the kernel, and that takes about `steps` steps, which are too
/// many.
inline mlir::LogicalResult checkWork(NodeBinder &node, mlir::Value x, double steps) {
  if (!isConstant(x) || steps < 0x1p32)
    return mlir::success(!node.hasFailed());
  return node.fail("of a constant of shape " + shapeText(shapeOf(x)) +
                   " would take the compiler too long; compute it beforehand");
}

} // namespace thimble::legalize
