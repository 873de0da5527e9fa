// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cross-layer equalization: makes the channels of an activation alike before they share one int8 scale.
#pragma once

#include "compiler/calibrate/Samples.h"

namespace thimble::calibrate {

/// On a result of a function whose channels were scaled: the factors by which they are larger than in the model, one for each channel of
/// the last dimension, `thimble.channel_factors = array<f32: ...>`.
inline constexpr llvm::StringLiteral channelFactorsAttrName = "thimble.channel_factors";

/// Scales the channels of activations between convolutions and fully connected layers so that all use their int8 range: what
/// the layer in front multiplies, the layers behind divide. The function computes the same up to the rounding of f32.
/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (ICCV 2019), with the ranges of activations
/// seen on samples in place of those of the weights in front, since weights have one scale for each output channel anyway.
mlir::LogicalResult equalize(mlir::func::FuncOp function, llvm::ArrayRef<Sample> samples, const Progress &progress = {});

} // namespace thimble::calibrate
