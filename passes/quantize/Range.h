// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The attribute in which calibration tells quantization what real numbers a value takes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"
#include <optional>

namespace thimble::quantize {

/// A closed interval of real numbers.
struct Range {
  float low, high;
};

/// On an operation with one f32 result, or on an argument of a function: `thimble.range = array<f32: low, high>`.
inline constexpr llvm::StringLiteral rangeAttrName = "thimble.range";
/// On an operation that computes in f32 since it has no int8 kernel, once that was reported.
inline constexpr llvm::StringLiteral floatAttrName = "thimble.float";

/// True for tensors of f32.
bool isFloat(mlir::Value value);

/// The range that `value` carries. None if there is none; fails with an error if it is not two finite ordered numbers.
mlir::FailureOr<std::optional<Range>> getRange(mlir::Value value);

/// Sets the range of an argument of a function, or of the first result of an operation.
void setRange(mlir::Value value, Range range);

} // namespace thimble::quantize
