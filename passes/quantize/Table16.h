// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of int16: clamps, which are exact, and tables that are linear between their entries.
#pragma once

#include "passes/quantize/Affine.h"
#include "passes/quantize/ElementwiseFusion.h"
#include <optional>

namespace thimble::quantize {

/// The interval to which `value` limits `root`, if that is all it does: relu and clamp.
std::optional<Range> getClamp(mlir::Value value, mlir::Value root);

/// The entries of tmb_lookup_s16 for the elementwise function of its root that `value` is. As few as keep every result within one
/// unit of the function; where 1025 do not, as many as that, or as many as help. Fails after an error.
mlir::FailureOr<std::vector<int16_t>> makeTable16(const ElementwiseFusion &fusion, mlir::Value value, Int8Type rootType,
                                                  Int8Type type);

} // namespace thimble::quantize
