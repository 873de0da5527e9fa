// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Matrix products as ONNX's MatMul has them, for other operators.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

/// The product of a and b by NumPy's rules for vectors and batches; f32, or integers, which wrap around. Null after an error.
mlir::Value multiplyAsNumPy(NodeBinder &node, mlir::Value a, mlir::Value b);

} // namespace thimble::legalize
