// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which layers compute in int16, and what that costs.
#pragma once

#include "compiler/pipeline/Compile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

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

/// Bytes that the operands and results of a layer grow by in int16.
int64_t extraBytes(mlir::Operation *op);

/// Instructions that the layer takes more in int16 on Cortex-M4, conversions of its operands included: an estimate.
int64_t extraInstructions(mlir::Operation *op);

/// The most bytes of values that live at one time in the order of the function: an estimate of its arena.
int64_t liveBytes(mlir::func::FuncOp function);

/// Measures a function with some layers marked: the SQNR of its outputs in dB, and its liveBytes. Fails after an error.
struct Int16Trial {
  double sqnrDb;
  int64_t bytes;
};
using MeasureInt16 = llvm::function_ref<mlir::FailureOr<Int16Trial>(llvm::ArrayRef<std::string> layers)>;

/// Chooses among `layers`, which are to be sorted from the least exact on: each is measured alone, and then they join the choice
/// in the order of what they gain for each byte, if they still gain half a decibel and the live bytes stay below `ramBudget`.
mlir::FailureOr<std::vector<std::string>> chooseInt16(mlir::func::FuncOp function, llvm::ArrayRef<std::string> layers,
                                                      std::optional<uint64_t> ramBudget, MeasureInt16 measure);

} // namespace thimble
