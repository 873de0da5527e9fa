// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What int16 costs a layer, and for which layers it is worth that.
#pragma once

#include "compiler/pipeline/Compile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace thimble {

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
