// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The families of patterns of thimble-simplify-recognize-composites.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace thimble::simplify {

/// Functions of one element: GELU, SiLU, hard swish, ...
void addActivationPatterns(mlir::RewritePatternSet &patterns);
/// Layer normalization, softmax.
void addNormalizationPatterns(mlir::RewritePatternSet &patterns);

} // namespace thimble::simplify
