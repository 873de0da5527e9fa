// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arguments and results of a function that are state: what one run leaves for the next.
#pragma once

#include "dialects/nn/NNDialect.h"

namespace thimble::nn {

/// Attribute of an argument that is state, a string: the "onnx.name" of the result that is its value in the next run.
inline constexpr llvm::StringLiteral stateAttrName = "thimble.state";

/// Attribute of a function with state, an integer: so many runs make a sequence, after which the state starts anew. Without it
/// all runs are one sequence.
inline constexpr llvm::StringLiteral sequenceAttrName = "thimble.sequence";

/// Attribute of an argument that is state, an elements attribute of its storage type: what a sequence starts with, if not zeros.
inline constexpr llvm::StringLiteral stateStartAttrName = "thimble.state_start";

/// Attribute of an argument or result that holds the frames of one run, [axis, length, delay]: in the model over a window this
/// dimension has `length` elements, and element i of all that runs take or make since the start is element i - delay of the window. A
/// result without it is the window's once the window has come.
inline constexpr llvm::StringLiteral framesAttrName = "thimble.frames";

struct StatePair {
  unsigned argument, result;
};

/// The states of a function, in the order of their arguments. Arguments whose result does not exist are left out.
llvm::SmallVector<StatePair> getStates(mlir::func::FuncOp function);

/// Positions of the arguments and results that a caller sees, which are those that are no state.
llvm::SmallVector<unsigned> getPublicArguments(mlir::func::FuncOp function);
llvm::SmallVector<unsigned> getPublicResults(mlir::func::FuncOp function);

} // namespace thimble::nn
