// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Minimum cut of a directed graph between a source and a sink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thimble::simplify {

class MinCut {
public:
  static constexpr int64_t infinite = int64_t(1) << 60;
  static constexpr unsigned source = 0, sink = 1;

  unsigned addNode();
  /// Cutting the edge from `from` on the source's side to `to` on the sink's side costs `cost`.
  void addEdge(unsigned from, unsigned to, int64_t cost);
  /// For each node, true if it is on the sink's side of the cheapest cut; of equally cheap ones, that with the fewest such
  /// nodes.
  std::vector<bool> solve();

private:
  struct Edge {
    unsigned to;
    int64_t capacity; // what is left of it
  };
  bool computeLevels();
  int64_t augment(unsigned node, int64_t limit);

  std::vector<Edge> edges; // an edge and its reverse are neighbours
  std::vector<std::vector<unsigned>> outgoing = std::vector<std::vector<unsigned>>(2);
  std::vector<int> levels;
  std::vector<std::size_t> next;
};

} // namespace thimble::simplify
