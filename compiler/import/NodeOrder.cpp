// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ordering the nodes of a graph.
#include "compiler/import/NodeOrder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <functional>
#include <queue>

using namespace thimble;
using llvm::StringRef;

static void forEachCapture(const proto::GraphProto &graph, llvm::function_ref<void(StringRef)> function) {
  llvm::StringSet<> own;
  for (const proto::ValueInfoProto &input : graph.input())
    own.insert(input.name());
  for (const proto::TensorProto &initializer : graph.initializer())
    own.insert(initializer.name());
  for (const proto::NodeProto &node : graph.node())
    for (const std::string &output : node.output())
      own.insert(output);
  auto visit = [&](StringRef name) {
    if (!own.contains(name))
      function(name);
  };
  for (const proto::NodeProto &node : graph.node())
    forEachRead(node, visit);
  for (const proto::ValueInfoProto &output : graph.output())
    visit(output.name());
}

void thimble::forEachRead(const proto::NodeProto &node, llvm::function_ref<void(StringRef)> function) {
  for (const std::string &input : node.input())
    if (!input.empty())
      function(input);
  for (const proto::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      forEachCapture(attribute.g(), function);
    for (const proto::GraphProto &graph : attribute.graphs())
      forEachCapture(graph, function);
  }
}

/// Follows nodes that still wait until one comes up again.
static llvm::SmallVector<int> findCycle(const std::vector<llvm::SmallVector<int>> &producers, const std::vector<int> &waiting) {
  int node = int(llvm::find_if(waiting, [](int count) { return count > 0; }) - waiting.begin());
  llvm::SmallVector<int> path;
  std::vector<int> place(waiting.size(), -1);
  while (place[node] < 0) {
    place[node] = int(path.size());
    path.push_back(node);
    node = *llvm::find_if(producers[node], [&](int producer) { return waiting[producer] > 0; });
  }
  return llvm::SmallVector<int>(llvm::drop_begin(path, place[node]));
}

NodeOrder thimble::orderNodes(const NodeList &nodes) {
  llvm::StringMap<int> producer;
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].output())
      if (!output.empty())
        producer.insert({output, i});

  std::vector<llvm::SmallVector<int>> producers(nodes.size()), readers(nodes.size());
  bool isOrdered = true;
  for (int i = 0; i < nodes.size(); ++i)
    forEachRead(nodes[i], [&](StringRef name) {
      auto found = producer.find(name);
      if (found == producer.end())
        return;
      producers[i].push_back(found->second);
      readers[found->second].push_back(i);
      isOrdered &= found->second < i;
    });

  NodeOrder result;
  if (isOrdered) {
    result.order = llvm::to_vector(llvm::seq<int>(0, nodes.size()));
    return result;
  }
  // The first node of the file that is ready comes next, so the order depends on the file only.
  std::vector<int> waiting(nodes.size());
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < nodes.size(); ++i) {
    waiting[i] = int(producers[i].size());
    if (waiting[i] == 0)
      ready.push(i);
  }
  while (!ready.empty()) {
    int node = ready.top();
    ready.pop();
    result.order.push_back(node);
    for (int reader : readers[node])
      if (--waiting[reader] == 0)
        ready.push(reader);
  }
  if (int(result.order.size()) != nodes.size())
    result.cycle = findCycle(producers, waiting);
  return result;
}
