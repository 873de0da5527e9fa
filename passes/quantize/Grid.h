// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds out that floats are small integers times a step: weights that were quantized before they came to Thimble.
#pragma once

#include "mlir/Support/LLVM.h"
#include <optional>

namespace thimble::quantize {

/// The codes of a grid: numbers are step * code, within the rounding of f32.
struct Grid {
  double step;
  int64_t low, high; // of the codes, 0 included
};

/// The finest steps whose codes reach no further than this are looked for: differences of two bytes.
constexpr int64_t largestGridCode = 255;

/// The coarsest grid that holds all of `numbers`; none if there is none, or if all are zeros. A coarser grid than the one on
/// which they were made (all codes even) holds the same numbers.
std::optional<Grid> findGrid(llvm::ArrayRef<float> numbers);

} // namespace thimble::quantize
