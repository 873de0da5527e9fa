// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Interval analysis: which real numbers a value can take, from the operations that compute it.
#pragma once

#include "passes/simplify/Support.h"

namespace thimble::simplify {

/// A closed interval that contains all elements which are not NaN.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// What is known about `value`; it looks at a few operations only.
Interval rangeOf(mlir::Value value, unsigned depth = 8);

} // namespace thimble::simplify
