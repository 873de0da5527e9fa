// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What nodes read, and an order in which every value is computed before it is read.
#pragma once

#include "compiler/import/OnnxProto.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace thimble {

using NodeList = google::protobuf::RepeatedPtrField<proto::NodeProto>;

/// Calls `function` for each name that the node reads from the graph around it: its inputs, and what its subgraphs capture.
void forEachRead(const proto::NodeProto &node, llvm::function_ref<void(llvm::StringRef)> function);

struct NodeOrder {
  llvm::SmallVector<int> order; // the order of the file if that is possible
  llvm::SmallVector<int> cycle; // nodes that wait for one another, each for the next one; then there is no order
};
NodeOrder orderNodes(const NodeList &nodes);

} // namespace thimble
