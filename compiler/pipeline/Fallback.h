// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which layers leave int8 because it is too coarse for them.
#pragma once

#include "compiler/calibrate/Fidelity.h"
#include "compiler/pipeline/Compile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace thimble {

/// Marks more operations of `function`, given the errors of its layers under the marks that it has. Of each path the first layer
/// below `leastDb` is marked, since what follows inherits its error. One that is marked and still below has its error from what it
/// reads: then that is marked too, step by step towards the inputs. What is still below when it computes in int16, from int16,
/// goes on to float. Calls `note` for each new mark. True if there is one; false too if nothing is left that would help.
bool markInexact(mlir::func::FuncOp function, llvm::ArrayRef<calibrate::LayerError> errors, double leastDb, Fallback fallback,
                 llvm::function_ref<void(mlir::Operation *, bool isInt16, std::string reason)> note);

} // namespace thimble
