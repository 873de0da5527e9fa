// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether the names in a graph fit together: each value defined once, and defined if it is read.
#pragma once

#include "compiler/import/ImportContext.h"
#include "compiler/import/NodeOrder.h"
#include "llvm/ADT/StringSet.h"

namespace thimble {

/// The name of node `index` in messages and locations: its own, or one made of its operator type and index.
std::string nodeNameOf(const proto::NodeProto &node, int index, llvm::StringRef prefix);

/// Checks a list of nodes, true if they are right; `names` holds the values that are defined around them, and gets those that
/// the nodes define. `isVisible` tells whether a name comes from an enclosing graph. `prefix` starts the nodes' names.
bool checkNodeNames(ImportContext &context, const NodeList &nodes, llvm::StringSet<> &names,
                    llvm::function_ref<bool(llvm::StringRef)> isVisible, llvm::StringRef prefix);

/// Collects the names of a graph's initializers. Those that have no name, are defined twice or are sparse are errors at `loc`.
llvm::StringSet<> collectInitializers(ImportContext &context, const proto::GraphProto &graph, mlir::Location loc);

/// Collects the names of a graph's inputs, likewise.
llvm::StringSet<> collectInputs(ImportContext &context, const proto::GraphProto &graph, mlir::Location loc);

} // namespace thimble
