// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators whose parameters (starts, axes, pads, ...) are known at run time only. The file must declare the shape of the
// result, which stays fixed; the parameters then say which elements it has. Where they contradict the shape, positions are
// clamped: every result has its declared shape, whatever the parameters are, and no memory outside the operands is touched.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

/// Integers as i64, the type that positions have.
mlir::Value asIndex(NodeBinder &node, mlir::Value value);

/// index < 0 ? index + size : index, for each element of an i64 tensor.
mlir::Value fromFront(NodeBinder &node, mlir::Value index, int64_t size);

/// Slice from operator set 10 on with operands that are not all constant.
mlir::LogicalResult sliceAtRunTime(NodeBinder &node);

/// Pad from operator set 11 on, likewise.
mlir::LogicalResult padAtRunTime(NodeBinder &node, nn::PadMode mode);

/// Range with a start, limit or delta that is not constant: the limit is believed to fit the declared length.
mlir::LogicalResult rangeAtRunTime(NodeBinder &node);

/// Sets the result to `compute(axis)` for the axis that operand `index` holds. At run time, all axes that agree with the
/// declared shape of the result are computed, and the right one is selected.
mlir::LogicalResult forAxis(NodeBinder &node, size_t index, llvm::StringRef name, size_t rank,
                            llvm::function_ref<mlir::Value(int64_t axis)> compute);

/// Sets the result to `compute(axes)` for the axes of a reduction that operand 1 holds; `axes` are sorted. As forAxis.
mlir::LogicalResult forReducedAxes(NodeBinder &node, bool keepDims,
                                   llvm::function_ref<mlir::Value(llvm::ArrayRef<int64_t> axes)> compute);

} // namespace thimble::legalize
