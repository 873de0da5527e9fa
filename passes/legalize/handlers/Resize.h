// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the ways of resizing share.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

/// How Resize samples; read once for all dimensions.
struct Sampling {
  llvm::StringRef mode, coordinates, nearest;
  float cubicA = -0.75f;
  bool excludeOutside = false, antialias = false;
};

/// Resizes operand 0 to the shape that the file declares, with scales (operand `index`, one for each of `axes`) that are known
/// at run time only. Scales that contradict the shape give other elements, but touch no memory outside the operand.
mlir::LogicalResult resizeAtRunTime(NodeBinder &node, const Sampling &sampling, llvm::ArrayRef<int64_t> axes, size_t index);

/// Resizes a region of operand 0 as tf_crop_and_resize does; the region (operand 1) need not be known at compile time.
mlir::LogicalResult cropAndResize(NodeBinder &node, const Sampling &sampling, llvm::ArrayRef<int64_t> axes);

} // namespace thimble::legalize
