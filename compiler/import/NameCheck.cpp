// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Checking the names in a graph.
#include "compiler/import/NameCheck.h"
#include "compiler/data/Tensor.h"
#include "compiler/support/Diagnostics.h"

using namespace mlir;
using namespace thimble;
using llvm::StringRef;

std::string thimble::nodeNameOf(const proto::NodeProto &node, int index, StringRef prefix) {
  std::string own = node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name();
  return prefix.str() + own;
}

bool thimble::checkNodeNames(ImportContext &context, const NodeList &nodes, llvm::StringSet<> &names,
                             llvm::function_ref<bool(StringRef)> isVisible, StringRef prefix) {
  bool isRight = true;
  auto error = [&](int index, const llvm::Twine &message) {
    context.error(nodeLocation(context.context, nodeNameOf(nodes[index], index, prefix)), message);
    isRight = false;
  };
  llvm::StringMap<int> definer;
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].output()) {
      if (output.empty())
        continue;
      if (names.insert(output).second)
        definer[output] = i;
      else if (auto other = definer.find(output); other == definer.end())
        error(i, "output " + quoted(output) + " has the name of an input or initializer of the graph");
      else
        error(i, "output " + quoted(output) + " is already computed by node " +
                     quoted(nodeNameOf(nodes[other->second], other->second, prefix)));
    }
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &input : nodes[i].input())
      if (!input.empty() && !names.contains(input) && !isVisible(input))
        error(i, "input " + quoted(input) + " is not defined anywhere in the graph");
  return isRight;
}

llvm::StringSet<> thimble::collectInitializers(ImportContext &context, const proto::GraphProto &graph, Location loc) {
  llvm::StringSet<> names;
  for (const proto::TensorProto &initializer : graph.initializer()) {
    if (initializer.name().empty())
      context.error(loc, "an initializer of the graph has no name");
    else if (!names.insert(initializer.name()).second)
      context.error(loc, "initializer " + quoted(initializer.name()) + " is defined twice");
  }
  for (const proto::SparseTensorProto &sparse : graph.sparse_initializer()) {
    context.error(loc, "initializer " + quoted(sparse.values().name()) +
                           " is sparse, which is not supported; store it as a dense one");
    names.insert(sparse.values().name());
  }
  return names;
}

llvm::StringSet<> thimble::collectInputs(ImportContext &context, const proto::GraphProto &graph, Location loc) {
  llvm::StringSet<> names;
  for (const proto::ValueInfoProto &input : graph.input()) {
    if (input.name().empty())
      context.error(loc, "an input of the graph has no name");
    else if (!names.insert(input.name()).second)
      context.error(loc, "input " + quoted(input.name()) + " of the graph is listed twice");
  }
  return names;
}
