// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random scheduling problems.
#pragma once

#include "passes/schedule/OrderSearch.h"
#include "passes/schedule/Placement.h"
#include <algorithm>
#include <numeric>
#include <random>

namespace thimble::schedule {

inline PlacementProblem randomProblem(std::mt19937 &random, size_t count, int64_t steps, int64_t sizes, bool withOverlaps) {
  PlacementProblem problem;
  for (size_t i = 0; i < count; ++i) {
    int64_t first = int64_t(random() % uint64_t(steps)), length = int64_t(random() % 4);
    problem.items.push_back({first, std::min(first + length, steps - 1), 4 * int64_t(1 + random() % uint64_t(sizes)), 4});
  }
  std::vector<bool> isInput(count), isOutput(count);
  for (size_t in = 0; in < count && withOverlaps; ++in)
    for (size_t out = 0; out < count; ++out)
      if (in != out && !isInput[in] && !isOutput[out] && problem.items[in].last == problem.items[out].first &&
          random() % 2 == 0 && !(isOutput[in] && isInput[out])) {
        problem.overlaps.push_back({in, out, 4 * int64_t(random() % 4)});
        isInput[in] = isOutput[out] = true;
      }
  return problem;
}

// Each task makes one buffer from up to three earlier ones; buffers that nobody reads are outputs.
inline MemoryGraph randomGraph(std::mt19937 &random, size_t count, size_t window, bool withShares) {
  MemoryGraph graph;
  graph.buffers.push_back({4 * int64_t(1 + random() % 30), true, false});
  for (size_t i = 0; i < count; ++i) {
    MemoryGraph::Task task;
    size_t reads = 1 + random() % 3;
    for (size_t r = 0; r < reads; ++r) {
      size_t newest = graph.buffers.size() - 1, oldest = newest > window ? newest - window : 0;
      size_t buffer = oldest + random() % (newest - oldest + 1);
      if (std::find(task.touches.begin(), task.touches.end(), buffer) != task.touches.end())
        continue;
      task.touches.push_back(buffer);
      if (buffer > 0)
        task.before.push_back(buffer - 1); // buffer b is made by task b - 1
    }
    size_t out = graph.buffers.size();
    graph.buffers.push_back({4 * int64_t(1 + random() % 30)});
    if (withShares && random() % 2 == 0)
      task.shares.push_back({{task.touches[0]}, {out}, 4 * int64_t(random() % 5)});
    task.touches.push_back(out);
    graph.tasks.push_back(task);
  }
  for (size_t buffer = 1; buffer < graph.buffers.size(); ++buffer) {
    size_t users = 0;
    for (const MemoryGraph::Task &task : graph.tasks)
      users += size_t(std::count(task.touches.begin(), task.touches.end(), buffer));
    graph.buffers[buffer].isOutput = users == 1;
  }
  return graph;
}

inline std::vector<size_t> programOrder(const MemoryGraph &graph) {
  std::vector<size_t> order(graph.tasks.size());
  std::iota(order.begin(), order.end(), size_t(0));
  return order;
}

} // namespace thimble::schedule
