// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Marks of the operations that shall compute in int16 or in float, and the layers that nodes have become.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>

namespace thimble {

/// Marks the operations and the inputs of `function` that `patterns` (names of nodes or inputs, with * and ?) name, or all of
/// them. Fails with an error that names a pattern which names nothing.
mlir::LogicalResult markInt16(mlir::func::FuncOp function, llvm::ArrayRef<std::string> patterns, bool all);

/// The same for operations that shall run in float.
mlir::LogicalResult markFloat(mlir::func::FuncOp function, llvm::ArrayRef<std::string> patterns);

/// Whether marks mean something to an operation: it computes with real numbers.
bool canBeMarked(mlir::Operation *op);

/// Marks one operation, which then has no other mark.
void markInt16(mlir::Operation *op, llvm::StringRef reason);
void markFloat(mlir::Operation *op, llvm::StringRef reason);

/// The marks of the operations of a node: taken away, and given back.
using LayerMarks = std::vector<std::pair<mlir::Operation *, mlir::DictionaryAttr>>;
LayerMarks unmark(mlir::func::FuncOp function, llvm::StringRef name);
void restore(const LayerMarks &marks);

/// Bytes of the f32 constants and activations that the operations of node `name` read and write.
int64_t layerBytes(mlir::func::FuncOp function, llvm::StringRef name);

/// The operation that computes the f32 result of node `name`; null if there is none but a constant.
mlir::Operation *findLayer(mlir::func::FuncOp function, llvm::StringRef name);

} // namespace thimble
