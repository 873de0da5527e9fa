// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of nodes.
#pragma once

#include "compiler/import/ImportContext.h"
#include "compiler/import/OnnxProto.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <map>

namespace thimble {

/// Values for the attributes that the nodes of a function refer to.
using AttributeBindings = llvm::StringMap<const proto::AttributeProto *>;

/// The attribute that holds the value of `attribute`: itself, or the one of the function's caller that it refers to. Null if
/// the caller left it out. `bindings` is null outside of functions.
const proto::AttributeProto *resolveAttribute(const proto::AttributeProto &attribute, const AttributeBindings *bindings);

struct NodeAttributes {
  mlir::DictionaryAttr values;
  /// Attributes that are graphs, by name; in `values` they are units, in the same order.
  std::map<std::string, const proto::GraphProto *> graphs;
};

/// Reports attributes that cannot be kept, and leaves them out.
NodeAttributes importAttributes(ImportContext &context, mlir::Location loc, const proto::NodeProto &node,
                                const AttributeBindings *bindings);

} // namespace thimble
