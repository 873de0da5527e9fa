// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exact offsets by canonical branch and bound.
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "passes/schedule/Placement.h"
#include <numeric>
#include <tuple>

using namespace thimble::schedule;

namespace {

// Items are placed by rising offset, those of the same offset by rank. So whatever is left goes above all that is placed at its steps,
// but for outputs and inputs that may overlap: the skyline says how high.
class BranchAndBound {
public:
  BranchAndBound(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, int64_t work, Placement &best)
      : problem(problem), pairs(pairs), bound(bound), work(work), best(best), offsets(problem.items.size()),
        isPlaced(problem.items.size(), false), rank(problem.items.size()), mayOverlap(problem.items.size(), false) {
    std::vector<int64_t> begins;
    for (const Item &item : problem.items)
      begins.push_back(item.first);
    llvm::sort(begins);
    begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
    auto indexOf = [&](int64_t step) { return size_t(llvm::upper_bound(begins, step) - begins.begin()) - 1; };
    skyline.assign(begins.size(), 0);
    remaining.assign(begins.size(), 0);
    shared.assign(begins.size(), 0);
    for (const Item &item : problem.items) {
      spans.push_back({indexOf(item.first), indexOf(item.last)});
      for (size_t step = spans.back().first; step <= spans.back().second; ++step)
        remaining[step] += item.bytes;
    }
    // Where an output may overlap its input, the bytes that both may share count once.
    for (const Overlap &overlap : problem.overlaps) {
      int64_t in = problem.items[overlap.input].bytes, out = problem.items[overlap.output].bytes;
      shared[spans[overlap.output].first] += std::max<int64_t>(in + out - std::max(overlap.distance + in, out), 0);
      mayOverlap[overlap.input] = mayOverlap[overlap.output] = true;
    }
    // An output comes before the input that it may start with: it begins later.
    std::vector<size_t> order(problem.items.size());
    std::iota(order.begin(), order.end(), size_t(0));
    llvm::sort(order, [&](size_t a, size_t b) {
      return std::make_pair(-problem.items[a].first, a) < std::make_pair(-problem.items[b].first, b);
    });
    for (auto [position, item] : llvm::enumerate(order))
      rank[item] = position;
  }

  void run() {
    while (best.height > bound) {
      int64_t before = best.height;
      isFound = false;
      bool isComplete = descend(0, 0, 0, best.height - 1);
      if (best.height < before)
        continue;
      best.isLeast = isComplete;
      return;
    }
    best.isLeast = true;
  }

  int64_t getWorkLeft() const { return work; }

private:
  struct Candidate {
    int64_t offset;
    size_t item;
  };
  struct Span {
    size_t first, second; // positions in the skyline, both included
  };

  int64_t lowestOffset(size_t item, int64_t least) const {
    if (mayOverlap[item])
      return pairs.lowestOffset(item, offsets, isPlaced, least);
    int64_t height = least;
    for (size_t step = spans[item].first; step <= spans[item].second; ++step)
      height = std::max(height, skyline[step]);
    return int64_t(llvm::alignTo(uint64_t(height), uint64_t(problem.items[item].alignment)));
  }

  // True if all placements up to `capacity` that begin like this one were looked at; stops with the first that is complete.
  bool descend(size_t count, int64_t last, size_t lastRank, int64_t capacity) {
    if (count == problem.items.size()) {
      best.offsets = offsets;
      best.height = 0;
      for (auto [item, offset] : llvm::zip(problem.items, offsets))
        best.height = std::max(best.height, offset + item.bytes);
      isFound = true;
      return true;
    }
    for (size_t step = 0; step < skyline.size(); ++step)
      if (remaining[step] > 0 && std::max(last, skyline[step]) + remaining[step] - shared[step] > capacity)
        return true;
    std::vector<Candidate> candidates;
    int64_t gap = INT64_MAX; // an item behind this offset would leave room for another before it
    for (size_t item = 0; item < problem.items.size(); ++item) {
      if (isPlaced[item])
        continue;
      work -= 4 + int64_t(spans[item].second - spans[item].first);
      int64_t offset = lowestOffset(item, last);
      if (offset + problem.items[item].bytes > capacity)
        return true;
      candidates.push_back({offset, item});
      gap = std::min(gap, offset + problem.items[item].bytes);
    }
    if (work < 0)
      return false;
    llvm::sort(candidates, [&](const Candidate &a, const Candidate &b) {
      return std::make_tuple(a.offset, -weight(a.item), a.item) < std::make_tuple(b.offset, -weight(b.item), b.item);
    });
    for (const Candidate &candidate : candidates) {
      if (candidate.offset >= gap)
        break;
      if (count > 0 && candidate.offset == last && rank[candidate.item] < lastRank)
        continue; // its turn was before
      bool isComplete = descendWith(candidate, count, capacity);
      if (isFound || !isComplete)
        return isComplete;
    }
    return true;
  }

  bool descendWith(const Candidate &candidate, size_t count, int64_t capacity) {
    Span span = spans[candidate.item];
    int64_t bytes = problem.items[candidate.item].bytes;
    std::vector<int64_t> before(skyline.begin() + span.first, skyline.begin() + span.second + 1);
    for (size_t step = span.first; step <= span.second; ++step) {
      skyline[step] = std::max(skyline[step], candidate.offset + bytes);
      remaining[step] -= bytes;
    }
    offsets[candidate.item] = candidate.offset;
    isPlaced[candidate.item] = true;
    bool isComplete = descend(count + 1, candidate.offset, rank[candidate.item], capacity);
    isPlaced[candidate.item] = false;
    for (size_t step = span.first; step <= span.second; ++step) {
      skyline[step] = before[step - span.first];
      remaining[step] += bytes;
    }
    return isComplete;
  }

  // Large items and those of long life first: they fit in fewer ways.
  int64_t weight(size_t item) const { return problem.items[item].bytes * int64_t(spans[item].second - spans[item].first + 1); }

  const PlacementProblem &problem;
  const Pairs &pairs;
  int64_t bound;
  int64_t work; // left to do, in looks at an item or a step
  Placement &best;
  std::vector<int64_t> offsets;
  std::vector<char> isPlaced;
  std::vector<size_t> rank;
  std::vector<char> mayOverlap;
  std::vector<Span> spans;
  // For each step at which items begin: the top of what is placed, the bytes that are not, and what may be shared.
  std::vector<int64_t> skyline, remaining, shared;
  bool isFound = false;
};

} // namespace

bool thimble::schedule::isImpossible(const PlacementProblem &problem, int64_t height, int64_t work, int64_t &left) {
  Placement best;
  best.height = height + 1;
  Pairs pairs(problem);
  BranchAndBound search(problem, pairs, height, work, best);
  search.run();
  left -= work - search.getWorkLeft() + int64_t(problem.items.size() * problem.items.size());
  return best.height > height && best.isLeast;
}

void thimble::schedule::improveByBranchAndBound(const PlacementProblem &problem, const Pairs &pairs, int64_t bound,
                                                int64_t work, Placement &best) {
  BranchAndBound(problem, pairs, bound, work, best).run();
}
