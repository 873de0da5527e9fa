// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Affine int8: the types that hold given real numbers best, and constants in them.
#pragma once

#include "compiler/support/Constants.h"
#include "mlir/Dialect/Quant/QuantTypes.h"
#include "passes/quantize/Range.h"

namespace thimble::quantize {

using Int8Type = mlir::quant::UniformQuantizedType;

/// Per-tensor int8 for real numbers of `range`, which is extended to hold 0; 0 is exact.
Int8Type chooseInt8Type(mlir::MLIRContext *context, Range range);

/// Per-tensor int8 of a given scale and zero point.
Int8Type makeInt8Type(mlir::MLIRContext *context, double scale, int64_t zeroPoint);

/// Per-tensor int16 with zero point 0.
Int8Type makeInt16Type(mlir::MLIRContext *context, double scale);

/// Per-tensor int16 for real numbers of `range`.
Int8Type chooseInt16Type(mlir::MLIRContext *context, Range range);

/// True for int16.
inline bool isInt16(Int8Type type) { return type && type.getStorageTypeIntegralWidth() == 16; }

/// The int16 type that holds every number of an int8 type exactly; an int16 type itself.
Int8Type widen(Int8Type type);

/// The real numbers that `type` can hold.
Range rangeOf(Int8Type type);

/// The nearest code of an int8 or int16 type to `real`, ties upward, saturating as the kernels do; NaN becomes 0.
int32_t codeOf(double real, Int8Type type);

/// The same for int8.
int8_t quantizeNumber(double real, Int8Type type);

/// `type` with elements of `element`.
mlir::RankedTensorType withElement(mlir::Type type, mlir::Type element);

/// The type in which a constant is exact if it is a grid of 256 codes or less, else what chooseInt8Type says. Fails without a
/// message if a number is not finite.
mlir::FailureOr<Int8Type> chooseConstantType(mlir::MLIRContext *context, llvm::ArrayRef<float> elements);

/// The range of a constant of floats. Fails without a message if one of them is not finite.
mlir::FailureOr<Range> rangeOfConstant(llvm::ArrayRef<float> elements);

/// A constant with the codes of `elements` in the int8 or int16 type of `type`.
mlir::ElementsAttr makeCodes(mlir::RankedTensorType type, llvm::ArrayRef<float> elements, llvm::StringRef name = "w");

/// The codes of `elements`.
std::vector<int8_t> quantizeElements(llvm::ArrayRef<float> elements, Int8Type type);

/// Largest magnitude of a bias code, beside int8 and beside int16 activations. It keeps the accumulator far from 32 bits, and 22
/// bits are finer than the multiplier's rounding.
inline constexpr double largestBias = 1 << 22, largestWideBias = 1 << 29;

/// Weights and bias of a convolution or a fully connected layer.
struct QuantizedWeights {
  mlir::Type element; // per-channel int8, symmetric
  std::vector<int8_t> codes;
  std::vector<int32_t> bias; // in units of inputScale * scale of the channel; empty if there is none
};

/// Quantizes weights of `channels` rows with one scale each. Rows that are a grid (see Grid.h) of codes from -128 to 127 stay
/// exact. For others, `importance` has a number for each weight, or none at all: then scales cover the largest weight; else they
/// minimize the sum of importance times squared error, clipping what never matters. No code of a bias is above
/// `limit`. Fails without a message if a number or a scale is not finite.
mlir::FailureOr<QuantizedWeights> quantizeWeights(mlir::MLIRContext *context, llvm::ArrayRef<float> weights,
                                                  llvm::ArrayRef<float> bias, int64_t channels, double inputScale,
                                                  llvm::ArrayRef<float> importance = {}, double limit = largestBias);

} // namespace thimble::quantize
