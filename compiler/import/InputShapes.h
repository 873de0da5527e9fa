// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Static types for the inputs of a graph, whose dimensions the file may leave open.
#pragma once

#include "compiler/import/ImportContext.h"
#include "compiler/import/OnnxProto.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSet.h"

namespace thimble {

struct GraphInput {
  std::string name;
  mlir::RankedTensorType type;
};

/// What the file calls one input, although it is no single tensor: `count` of the tensors from `begin` on.
struct InputGroup {
  std::string name;
  bool isSequence; // or an optional that is absent, which has no tensors
  size_t begin, count;
};

/// The inputs that a program gets: tensors only.
struct GraphInputs {
  std::vector<GraphInput> tensors;
  std::vector<InputGroup> groups;
};

/// What is known of the sizes that symbols such as "batch" stand for.
using SymbolSizes = llvm::StringMap<int64_t>;

/// The inputs of `graph` that are no initializers, with static types: open dimensions are taken from the options, from a symbol
/// that another input settles, or, in the leading place, as 1. Whatever stays open is an error. A size of 0 means 0 in a list of
/// integers (of axes, say); elsewhere exporters write it where they mean "unknown".
GraphInputs resolveInputs(ImportContext &context, const proto::GraphProto &graph,
                                      const llvm::StringSet<> &initializers, SymbolSizes &symbols);

/// The type that the file declares for a value; null if it declares none that a tensor can have. A size of 0 stays, although some
/// exporters mean "unknown" by it.
mlir::RankedTensorType declaredType(mlir::MLIRContext *context, const proto::ValueInfoProto &value, const SymbolSizes &symbols);

} // namespace thimble
