// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The nodes of a graph, of its subgraphs and of the functions that it calls, as operations.
#pragma once

#include "compiler/import/AttributeImport.h"
#include "compiler/import/FunctionTable.h"
#include "compiler/import/InputShapes.h"
#include "compiler/import/NodeOrder.h"
#include "mlir/IR/Builders.h"

namespace thimble {

/// The values that a list of nodes can see, and what else holds for all of its nodes.
struct ImportScope {
  const ImportScope *parent = nullptr; // of a subgraph
  const OperatorSets *opsets;
  const AttributeBindings *bindings = nullptr; // in a function
  std::string prefix;                          // starts the names of the nodes
  int64_t depth = 0;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<const proto::ValueInfoProto *> declared; // what the file says of values' types

  mlir::Value lookup(llvm::StringRef name) const;
};

class GraphImporter {
public:
  GraphImporter(ImportContext &context, const FunctionTable &functions, const SymbolSizes &symbols, mlir::OpBuilder &builder)
      : context(context), functions(functions), symbols(symbols), builder(builder) {}

  /// Imports a graph at the builder's place. `scope` has its inputs. `loc` and `what` ("the graph") say which graph an error is
  /// in. Returns its outputs; whether they mean anything, the context's errors tell.
  llvm::SmallVector<mlir::Value> importGraph(const proto::GraphProto &graph, ImportScope &scope, mlir::Location loc,
                                             const std::string &what);

private:
  void importInitializers(const proto::GraphProto &graph, ImportScope &scope, mlir::Location loc);
  void importNodes(const NodeList &nodes, ImportScope &scope);
  void importNode(const proto::NodeProto &node, const std::string &name, ImportScope &scope);
  void importSubgraph(const proto::GraphProto &graph, mlir::Region &region, const ImportScope &outer, mlir::Location loc,
                      const std::string &name, const std::string &attribute);
  void importCall(const proto::NodeProto &node, const ModelFunction &function, const std::string &name, ImportScope &scope);
  /// The shapes that the file declares for a node's results: an array of types, units for those that are not known. Null if
  /// none is.
  mlir::ArrayAttr declaredTypes(const proto::NodeProto &node, const ImportScope &scope);
  mlir::Value inputValue(llvm::StringRef name, const ImportScope &scope, mlir::Location loc);
  /// Binds the outputs of a node that could not be imported, so that its readers give no errors of their own.
  mlir::Value differentiatedValue(const proto::NodeProto &node, const ImportScope &scope, mlir::Location loc);
  void bindNothing(const proto::NodeProto &node, ImportScope &scope, mlir::Location loc);

  ImportContext &context;
  const FunctionTable &functions;
  const SymbolSizes &symbols;
  mlir::OpBuilder &builder;
  int64_t nodeCount = 0;
};

} // namespace thimble
