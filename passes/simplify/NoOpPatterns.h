// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The patterns of thimble-simplify-remove-no-ops that have a file of their own.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace thimble::simplify {

/// x + 0, relu(relu(x)), min(max(x, a), b), ...
void addElementwiseNoOpPatterns(mlir::RewritePatternSet &patterns);

} // namespace thimble::simplify
