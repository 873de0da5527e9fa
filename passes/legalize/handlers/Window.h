// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sliding windows as convolutions and pools share them: attributes, automatic padding, layout.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

/// A window over two or more spatial dimensions. One-dimensional operators have a height of 1.
struct Window {
  Shape kernel, strides, dilations;
  Shape pads; // in front of each dimension, then behind each

  size_t rank() const { return kernel.size(); }
};

/// Checks that `x` is [batch, channels, spatial...], not empty.
mlir::LogicalResult checkImage(NodeBinder &node, mlir::Value x);

/// Reads strides, dilations, pads and auto_pad for an operator whose input is `x` and whose kernel has the sizes `kernel`.
mlir::FailureOr<Window> readWindow(NodeBinder &node, mlir::Value x, ShapeRef kernel);

/// The same for an image with the spatial dimensions `spatial`.
mlir::FailureOr<Window> readWindowOfShape(NodeBinder &node, ShapeRef spatial, ShapeRef kernel);

/// Inserts a height of 1 into [a, b, width], so that one-dimensional operators become two-dimensional.
mlir::Value withHeight(NodeBinder &node, mlir::Value x);

/// [a, b, spatial...] to [a, spatial..., b], with a height of 1 if there is one spatial dimension.
mlir::Value toChannelsLast(NodeBinder &node, mlir::Value x);
/// The inverse, to a tensor of rank `rank`.
mlir::Value fromChannelsLast(NodeBinder &node, mlir::Value x, size_t rank);

/// Convolution of x [batch, spatial..., channels] with w [out, kernel..., channels / groups], of f32 or (without bias) i32
/// elements. More than two spatial dimensions are sums of convolutions of one dimension less.
mlir::Value convolve(NodeBinder &node, mlir::Value x, mlir::Value w, mlir::Value bias, const Window &window, int64_t groups);

/// Transposed convolution of x [batch, channels, spatial...] with w [channels, out / groups, kernel...] to the spatial sizes
/// `sizes`, which have a height if there is one spatial dimension.
mlir::Value convolveTransposed(NodeBinder &node, mlir::Value x, mlir::Value w, mlir::Value bias, const Window &window,
                               ShapeRef sizes, int64_t groups);

} // namespace thimble::legalize
