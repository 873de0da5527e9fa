// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exact offsets by canonical branch and bound.
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "passes/schedule/Placement.h"
#include <tuple>

using namespace thimble::schedule;

namespace {

class BranchAndBound {
public:
  BranchAndBound(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, int64_t nodeLimit, Placement &best)
      : problem(problem), pairs(pairs), bound(bound), nodes(nodeLimit), best(best), offsets(problem.items.size()),
        isPlaced(problem.items.size(), false), stepsOf(problem.items.size()) {
    for (const Item &item : problem.items)
      steps.push_back(item.first);
    llvm::sort(steps);
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    // Where an item may overlap its input, the bytes that both may share count once: it is enough to be right on the safe side.
    shared.assign(problem.items.size(), 0);
    for (const Overlap &overlap : problem.overlaps) {
      int64_t in = problem.items[overlap.input].bytes, out = problem.items[overlap.output].bytes;
      shared[overlap.output] = std::max<int64_t>(in + out - std::max(overlap.distance + in, out), 0);
    }
    for (size_t i = 0; i < problem.items.size(); ++i)
      for (auto [index, step] : llvm::enumerate(steps))
        if (problem.items[i].first <= step && step <= problem.items[i].last)
          stepsOf[i].push_back(index);
  }

  void run() {
    while (best.height > bound) {
      int64_t before = best.height;
      // Heights are multiples of 4 but for the size of the topmost item.
      bool isComplete = descend(0, 0, best.height - 1);
      if (best.height < before)
        continue;
      best.isLeast = isComplete;
      return;
    }
    best.isLeast = true;
  }

private:
  struct Candidate {
    int64_t offset;
    size_t item;
  };

  // True if all placements up to `capacity` that begin like this one were looked at; stops with the first that is complete.
  bool descend(size_t count, int64_t last, int64_t capacity) {
    if (count == problem.items.size()) {
      best.offsets = offsets;
      best.height = 0;
      for (auto [item, offset] : llvm::zip(problem.items, offsets))
        best.height = std::max(best.height, offset + item.bytes);
      isFound = true;
      return true;
    }
    if (--nodes < 0)
      return false;
    std::vector<Candidate> candidates;
    int64_t gap = INT64_MAX; // an item behind this offset would leave room for another before it
    for (size_t item = 0; item < problem.items.size(); ++item) {
      if (isPlaced[item])
        continue;
      int64_t offset = pairs.lowestOffset(item, offsets, isPlaced, last);
      if (offset + problem.items[item].bytes > capacity)
        return true;
      candidates.push_back({offset, item});
      gap = std::min(gap, offset + problem.items[item].bytes);
    }
    if (!remainderFits(last, capacity))
      return true;
    llvm::sort(candidates, [&](const Candidate &a, const Candidate &b) {
      int64_t sizeA = problem.items[a.item].bytes, sizeB = problem.items[b.item].bytes;
      return std::tie(a.offset, sizeB, a.item) < std::tie(b.offset, sizeA, b.item);
    });
    isFound = false;
    for (const Candidate &candidate : candidates) {
      if (candidate.offset >= gap)
        break;
      offsets[candidate.item] = candidate.offset;
      isPlaced[candidate.item] = true;
      bool isComplete = descend(count + 1, candidate.offset, capacity);
      isPlaced[candidate.item] = false;
      if (isFound || !isComplete)
        return isComplete;
    }
    return true;
  }

  // At every step, what is not placed yet must fit between `last` and `capacity` beside what is.
  bool remainderFits(int64_t last, int64_t capacity) {
    std::vector<int64_t> needed(steps.size(), 0);
    for (size_t item = 0; item < problem.items.size(); ++item) {
      int64_t bytes = problem.items[item].bytes;
      if (isPlaced[item])
        bytes = std::max<int64_t>(offsets[item] + bytes - std::max(last, offsets[item]), 0);
      for (size_t step : stepsOf[item])
        needed[step] += bytes;
      if (shared[item] > 0)
        needed[stepsOf[item].front()] -= shared[item];
    }
    return llvm::all_of(needed, [&](int64_t bytes) { return bytes <= capacity - last; });
  }

  const PlacementProblem &problem;
  const Pairs &pairs;
  int64_t bound;
  int64_t nodes; // left to visit
  Placement &best;
  std::vector<int64_t> offsets;
  std::vector<char> isPlaced;
  std::vector<int64_t> steps; // where the set of live items grows
  std::vector<std::vector<size_t>> stepsOf;
  std::vector<int64_t> shared;
  bool isFound = false;
};

} // namespace

void thimble::schedule::improveByBranchAndBound(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, int64_t nodeLimit,
                                                Placement &best) {
  // A node looks at all pairs of neighbours.
  int64_t perNode = int64_t(problem.items.size() * problem.items.size());
  int64_t nodes = std::min(nodeLimit, int64_t(400'000'000) / std::max<int64_t>(perNode, 1));
  BranchAndBound(problem, pairs, bound, nodes, best).run();
}
