// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The attributes in which calibration and quantization leave notes on values.
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
/// On an operation whose result calibration scaled channel by channel, so that the channels share one int8 scale well: the
/// factors by which the channels of the last dimension are larger than in the model, `thimble.channel_factors = array<f32:
/// ...>`. Element i belongs to channel i modulo the number of factors.
inline constexpr llvm::StringLiteral channelFactorsAttrName = "thimble.channel_factors";
/// On an operation that computes in f32 since it has no int8 kernel, once that was reported.
inline constexpr llvm::StringLiteral floatAttrName = "thimble.float";

/// On an operation that shall compute in f32 although it has an int8 kernel, with the reason: `thimble.keep_float = "..."`.
inline constexpr llvm::StringLiteral keepFloatAttrName = "thimble.keep_float";

/// On an operation, or on an argument of a function: its numbers shall be int16, with the reason, `thimble.int16 = "..."`. An
/// operation's operands are then int16 as well.
inline constexpr llvm::StringLiteral int16AttrName = "thimble.int16";

/// As thimble.range, the lowest and the highest number that calibration has seen: int16 has codes enough for all of them.
inline constexpr llvm::StringLiteral seenAttrName = "thimble.seen";

/// On a convolution or a fully connected layer: the mean square of its input on the calibration samples, for each channel of
/// the last dimension, `thimble.input_energy = array<f32: ...>`. Errors of weights matter in proportion to it.
inline constexpr llvm::StringLiteral inputEnergyAttrName = "thimble.input_energy";

/// True for tensors of f32.
bool isFloat(mlir::Value value);

/// Removes the attributes of this header that a finished function has no use for.
void removeNotes(mlir::Operation *op);

/// True if `value` is an argument or a result of an operation that shall be int16.
bool isMarkedInt16(mlir::Value value);

/// The range that `value` carries. None if there is none; fails with an error if it is not two finite ordered numbers.
mlir::FailureOr<std::optional<Range>> getRange(mlir::Value value);

/// The numbers that calibration has seen of an argument or of an only result; its range if that is not known.
mlir::FailureOr<std::optional<Range>> getSeen(mlir::Value value);

/// The factors of the channels of `value`; empty if they were not scaled.
llvm::ArrayRef<float> getChannelFactors(mlir::Value value);

/// Sets the range of an argument of a function, or of the first result of an operation.
void setRange(mlir::Value value, Range range);

/// Sets what was seen of an argument of a function, or of the only result of an operation.
void setSeen(mlir::Value value, Range range);

} // namespace thimble::quantize
