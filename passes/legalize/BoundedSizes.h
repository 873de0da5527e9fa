// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors whose size depends on data: they have the largest possible size, and carry the actual one beside them.
#pragma once

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

namespace thimble::legalize {

class NodeBinder;

/// Of dimension `dimension` the first `size` (i64 [1]) positions count; what lies in the others means nothing.
struct BoundedSize {
  int64_t dimension;
  mlir::Value size;
};
using SizeMap = llvm::DenseMap<mlir::Value, BoundedSize>;

/// After a handler has set the node's results: finds the bounded dimension of each from those of the operands. Fails, with an
/// error at the node, where the operator would mix what counts with what does not.
mlir::LogicalResult propagateSizes(NodeBinder &node, SizeMap &sizes);

} // namespace thimble::legalize
