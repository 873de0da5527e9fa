// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Minimum cut by Dinic's algorithm.
#include "passes/simplify/MinCut.h"
#include <algorithm>

using namespace thimble::simplify;

unsigned MinCut::addNode() {
  outgoing.emplace_back();
  return unsigned(outgoing.size() - 1);
}

void MinCut::addEdge(unsigned from, unsigned to, int64_t cost) {
  if (from == to || cost <= 0)
    return;
  outgoing[from].push_back(unsigned(edges.size()));
  edges.push_back({to, cost});
  outgoing[to].push_back(unsigned(edges.size()));
  edges.push_back({from, 0});
}

bool MinCut::computeLevels() {
  levels.assign(outgoing.size(), -1);
  levels[source] = 0;
  std::vector<unsigned> queue = {source};
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned index : outgoing[queue[i]])
      if (edges[index].capacity > 0 && levels[edges[index].to] < 0) {
        levels[edges[index].to] = levels[queue[i]] + 1;
        queue.push_back(edges[index].to);
      }
  return levels[sink] >= 0;
}

// The depth of the recursion is that of the level graph: the longest chain of operations at worst.
int64_t MinCut::augment(unsigned node, int64_t limit) {
  if (node == sink)
    return limit;
  for (; next[node] < outgoing[node].size(); ++next[node]) {
    unsigned index = outgoing[node][next[node]];
    unsigned to = edges[index].to;
    if (edges[index].capacity <= 0 || levels[to] != levels[node] + 1)
      continue;
    if (int64_t flow = augment(to, std::min(limit, edges[index].capacity))) {
      edges[index].capacity -= flow;
      edges[index ^ 1].capacity += flow;
      return flow;
    }
  }
  return 0;
}

std::vector<bool> MinCut::solve() {
  while (computeLevels()) {
    next.assign(outgoing.size(), 0);
    while (augment(source, infinite) > 0) {
    }
  }
  // What can still reach the sink must be on its side; everything else may stay.
  std::vector<bool> isAtSink(outgoing.size(), false);
  isAtSink[sink] = true;
  std::vector<unsigned> queue = {sink};
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned index : outgoing[queue[i]]) {
      unsigned from = edges[index].to; // of the reverse edge
      if (edges[index ^ 1].capacity > 0 && !isAtSink[from]) {
        isAtSink[from] = true;
        queue.push_back(from);
      }
    }
  return isAtSink;
}
