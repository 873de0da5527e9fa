// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sequences and optionals during legalization. They have no counterpart at run time: a sequence is a cast of its elements to a
// tuple, an optional that holds something is what it holds, an empty one is a cast of nothing to `none`. Operators that take
// them apart see through these casts, which are dead afterwards.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

bool isSequence(mlir::Value value);
/// True for an optional without a value.
bool isNothing(mlir::Value value);
bool isTensor(mlir::Value value);

/// The elements of a sequence, in order.
llvm::SmallVector<mlir::Value> elementsOf(mlir::Value sequence);

/// Both fail, as all emission does, by returning null; an element is null only after an error.
mlir::Value makeSequence(NodeBinder &node, llvm::ArrayRef<mlir::Value> elements);
mlir::Value makeNothing(NodeBinder &node);

/// condition ? a : b for tensors of the same shape and sequences of them. `what` starts the error for others.
mlir::Value selectAny(NodeBinder &node, mlir::Value condition, mlir::Value a, mlir::Value b, llvm::StringRef what);

} // namespace thimble::legalize
