// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cross-layer equalization: makes the channels of an activation alike before they share one int8 scale.
#pragma once

#include "compiler/calibrate/Samples.h"

namespace thimble::calibrate {

/// Scales the channels of activations between convolutions and fully connected layers so that all use their int8 range: what
/// the layer in front multiplies, the layers behind divide. Scaled values get `thimble.channel_factors`. The function computes
/// the same up to the rounding of f32; only a clamp such as relu6 may cut a channel earlier than before, though not below its
/// largest number in the samples.
/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (ICCV 2019), with the sizes of
/// activations on samples in place of those of the weights in front, since weights have one scale for each output channel
/// anyway; the balance with the weights behind is that of Xiao et al., "SmoothQuant" (ICML 2023).
mlir::LogicalResult equalize(mlir::func::FuncOp function, llvm::ArrayRef<Sample> samples, const Progress &progress = {});

} // namespace thimble::calibrate
