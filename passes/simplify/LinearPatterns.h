// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The patterns of thimble-simplify-fold-linear that have a file of their own.
#pragma once

#include "passes/simplify/Coefficients.h"

namespace thimble::simplify {

/// Chains of affine operations become one multiplication and one addition; the factor of the queries of attention becomes one of its
/// scores.
void addMergePatterns(mlir::RewritePatternSet &patterns);

} // namespace thimble::simplify
