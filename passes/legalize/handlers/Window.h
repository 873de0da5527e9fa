// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sliding windows as convolutions and pools share them: attributes, automatic padding, layout.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

/// A window over height and width. One-dimensional operators have a height of 1.
struct Window {
  Shape kernel, strides, dilations;
  Shape pads; // top, left, bottom, right
};

/// Checks that `x` is [batch, channels, spatial...] with one or two spatial dimensions.
mlir::LogicalResult checkImage(NodeBinder &node, mlir::Value x);

/// Reads strides, dilations, pads and auto_pad for an operator whose input is `x` and whose kernel has the sizes `kernel`.
mlir::FailureOr<Window> readWindow(NodeBinder &node, mlir::Value x, ShapeRef kernel);

/// Inserts a height of 1 into [a, b, width], so that one-dimensional operators become two-dimensional.
mlir::Value withHeight(NodeBinder &node, mlir::Value x);

/// [batch, channels, spatial...] to NHWC.
mlir::Value toNHWC(NodeBinder &node, mlir::Value x);
/// NHWC to [batch, channels, spatial...] of rank `rank`.
mlir::Value fromNHWC(NodeBinder &node, mlir::Value x, size_t rank);

} // namespace thimble::legalize
