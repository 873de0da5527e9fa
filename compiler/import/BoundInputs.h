// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inputs that the user turns into constants.
#pragma once

#include "compiler/import/InputShapes.h"

namespace thimble {

/// The tensors of `ImportOptions::bindings` in the types and shapes of the inputs that they are for, sorted by name. Values that
/// an input cannot hold, and names that are no inputs, are errors. Notes what the shapes say about symbols.
std::vector<NamedTensor> resolveBindings(ImportContext &context, const proto::GraphProto &graph,
                                         const llvm::StringSet<> &initializers, SymbolSizes &symbols);

} // namespace thimble
