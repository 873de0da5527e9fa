// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations in which a transpose of their operand disappears.
#pragma once

#include "passes/simplify/Permutation.h"

namespace thimble::simplify {

/// True if `consumer` can take a tensor of shape `stored` for its operand `index`, which is the transpose of that tensor.
bool canAbsorb(mlir::Operation *consumer, unsigned index, ShapeRef stored, PermutationRef permutation);

/// Patterns that do it.
void addAbsorbPatterns(mlir::RewritePatternSet &patterns);

} // namespace thimble::simplify
