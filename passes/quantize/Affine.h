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

/// The real numbers that `type` can hold.
Range rangeOf(Int8Type type);

/// The nearest int8 to `real`, ties upward, saturating as the kernels do; NaN becomes 0.
int8_t quantizeNumber(double real, Int8Type type);

/// `type` with elements of `element`.
mlir::RankedTensorType withElement(mlir::Type type, mlir::Type element);

/// The type in which a constant is exact if it is a grid of 256 codes or less, else what chooseInt8Type says. Fails without a
/// message if a number is not finite.
mlir::FailureOr<Int8Type> chooseConstantType(mlir::MLIRContext *context, llvm::ArrayRef<float> elements);

/// The range of a constant of floats. Fails without a message if one of them is not finite.
mlir::FailureOr<Range> rangeOfConstant(llvm::ArrayRef<float> elements);

/// The codes of `elements`.
std::vector<int8_t> quantizeElements(llvm::ArrayRef<float> elements, Int8Type type);

/// Weights and bias of a convolution or a fully connected layer.
struct QuantizedWeights {
  mlir::Type element; // per-channel int8, symmetric
  std::vector<int8_t> codes;
  std::vector<int32_t> bias; // in units of inputScale * scale of the channel; empty if there is none
};

/// Quantizes weights of `channels` rows with one scale each. Rows that are a grid (see Grid.h) of codes from -128 to 127 stay
/// exact. For others, `importance` has a number for each weight, or none at all: then scales cover the largest weight; else they
/// minimize the sum of importance times squared error, clipping what never matters. Fails without a message if a number or a scale is not finite.
mlir::FailureOr<QuantizedWeights> quantizeWeights(mlir::MLIRContext *context, llvm::ArrayRef<float> weights,
                                                  llvm::ArrayRef<float> bias, int64_t channels, double inputScale,
                                                  llvm::ArrayRef<float> importance = {});

} // namespace thimble::quantize
