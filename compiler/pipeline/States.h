// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which inputs and outputs of a model are its state.
#pragma once

#include "compiler/pipeline/Compile.h"

namespace thimble {

/// Marks the inputs of `states` in the function of `module` (see NNStates.h). Names that the model does not have, and names that are
/// given twice, are errors. Whether the types agree is seen once shapes are known (thimble-simplify-split-states).
/// States without an entry in `starts` start with zeros.
mlir::LogicalResult markStates(mlir::ModuleOp module, llvm::ArrayRef<StateOption> states, int64_t sequenceLength,
                               const llvm::StringMap<Tensor> &starts = {});

} // namespace thimble
