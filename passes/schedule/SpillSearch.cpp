// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Branch and bound over what leaves the arena.
#include "passes/schedule/SpillSearch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace thimble::schedule;

static int64_t words(int64_t bytes) { return int64_t(llvm::alignTo(uint64_t(bytes), 4)); }

PlacementProblem thimble::schedule::insideOf(const SpillProblem &problem, const std::vector<int> &ways) {
  PlacementProblem inside;
  std::vector<size_t> before(ways.size(), SIZE_MAX), after(ways.size(), SIZE_MAX);
  for (auto [index, item] : llvm::enumerate(problem.inside.items)) {
    if (ways[index] < 0) {
      before[index] = after[index] = inside.items.size();
      inside.items.push_back(item);
      continue;
    }
    const SpillWay &way = problem.ways[index][size_t(ways[index])];
    if (item.first < way.first) {
      before[index] = inside.items.size();
      inside.items.push_back({item.first, way.first, item.bytes, item.alignment, {}});
    }
    if (way.last < item.last) {
      after[index] = inside.items.size();
      inside.items.push_back({way.last, item.last, item.bytes, item.alignment, {}});
    }
  }
  for (Overlap overlap : problem.inside.overlaps) {
    overlap.input = after[overlap.input];
    overlap.output = before[overlap.output];
    if (overlap.input != SIZE_MAX && overlap.output != SIZE_MAX)
      inside.overlaps.push_back(overlap);
  }
  return inside;
}

PlacementProblem thimble::schedule::outsideOf(const SpillProblem &problem, const std::vector<int> &ways) {
  PlacementProblem outside;
  for (auto [index, item] : llvm::enumerate(problem.inside.items))
    if (ways[index] >= 0) {
      const SpillWay &way = problem.ways[index][size_t(ways[index])];
      outside.items.push_back({way.first, way.last, item.bytes, item.alignment, {}});
    }
  return outside;
}

namespace {

class Search {
public:
  Search(const SpillProblem &problem, const SpillLimits &limits)
      : problem(problem), limits(limits), ways(problem.ways.size(), -1) {
    for (const std::vector<SpillWay> &list : problem.ways)
      isAllowed.emplace_back(list.size(), true);
  }

  std::optional<SpillChoice> run() {
    explore(0);
    if (!best)
      return std::nullopt;
    if (isComplete)
      best->isLeast = true;
    else
      improve();
    return best;
  }

private:
  // A way that is still open, and the bytes that it would free at the step.
  struct Candidate {
    size_t item, way;
    int64_t cost, bytes;
    bool operator<(const Candidate &other) const {
      // Cost for each byte, without rounding.
      __int128 a = __int128(cost) * other.bytes, b = __int128(other.cost) * bytes;
      return a != b ? a < b : item != other.item ? item < other.item : way < other.way;
    }
  };
  struct Fullest {
    int64_t step = 0, bytes = 0;
  };

  // The step at which most bytes are live for certain.
  static Fullest findFullest(const PlacementProblem &inside) {
    std::map<int64_t, int64_t> saved;
    for (const Overlap &overlap : inside.overlaps) {
      const Item &input = inside.items[overlap.input], &output = inside.items[overlap.output];
      int64_t in = words(overlap.inputRange.bytes < 0 ? input.bytes : overlap.inputRange.bytes);
      int64_t out = words(overlap.outputRange.bytes < 0 ? output.bytes : overlap.outputRange.bytes);
      saved[output.first] += std::max<int64_t>(in + out - std::max(words(overlap.distance) + in, out), 0);
    }
    auto bytesAt = [](const Item &item, int64_t step) {
      if (item.parts.empty())
        return item.first <= step && step <= item.last ? words(item.bytes) : 0;
      int64_t bytes = 0;
      for (const ItemPart &part : item.parts)
        if (part.first <= step && step <= part.last)
          bytes += words(part.begin + part.bytes) - words(part.begin);
      return bytes;
    };
    Fullest fullest;
    for (const Item &at : inside.items) {
      int64_t bytes = 0;
      for (const Item &item : inside.items)
        bytes += bytesAt(item, at.first);
      if (auto found = saved.find(at.first); found != saved.end())
        bytes -= found->second;
      if (bytes > fullest.bytes)
        fullest = {at.first, bytes};
    }
    return fullest;
  }

  bool keepsBudgets(const PlacementProblem &inside) {
    ++placements;
    if (place(inside, limits.placeWork).height > problem.budget)
      return false;
    PlacementProblem outside = outsideOf(problem, ways);
    return lowerBound(outside) <= problem.outsideBudget && place(outside, limits.placeWork).height <= problem.outsideBudget;
  }

  // Open ways that free something at the step; at any step if there is none given.
  std::vector<Candidate> findCandidates(std::optional<int64_t> step) const {
    std::vector<Candidate> candidates;
    for (size_t item = 0; item < ways.size(); ++item)
      for (size_t way = 0; way < problem.ways[item].size() && ways[item] < 0; ++way) {
        const SpillWay &w = problem.ways[item][way];
        const Item &whole = problem.inside.items[item];
        bool frees = !step || ((w.first < *step || w.first == whole.first) && (*step < w.last || w.last == whole.last) &&
                               w.first <= *step && *step <= w.last);
        if (isAllowed[item][way] && frees && whole.bytes > 0)
          candidates.push_back({item, way, w.cost, words(whole.bytes)});
      }
    llvm::sort(candidates);
    return candidates;
  }

  // What freeing so many bytes costs at least: an item may leave in part here, as often as it has ways.
  static int64_t boundOf(const std::vector<Candidate> &candidates, int64_t missing) {
    int64_t cost = 0;
    for (const Candidate &candidate : candidates) {
      if (missing <= 0)
        break;
      int64_t share = std::min(candidate.bytes, missing);
      cost += candidate.cost / candidate.bytes * share + candidate.cost % candidate.bytes * share / candidate.bytes;
      missing -= share;
    }
    return missing > 0 ? INT64_MAX / 2 : cost;
  }

  void explore(int64_t cost) {
    PlacementProblem inside = insideOf(problem, ways);
    work += int64_t(inside.items.size() * inside.items.size()) + 1;
    if (work > limits.work || placements >= limits.placements) {
      isComplete = false;
      return;
    }
    if (best && cost >= best->cost)
      return;
    Fullest fullest = findFullest(inside);
    int64_t missing = fullest.bytes - problem.budget;
    std::vector<Candidate> candidates;
    if (missing > 0) {
      candidates = findCandidates(fullest.step);
      int64_t least = boundOf(candidates, missing);
      if (least >= INT64_MAX / 2 || (best && cost + least >= best->cost))
        return;
      // Freeing more than is missing is worth no more.
      for (Candidate &candidate : candidates)
        candidate.bytes = std::min(candidate.bytes, missing);
      llvm::sort(candidates);
    } else {
      if (keepsBudgets(inside)) {
        best = SpillChoice{ways, cost, false};
        return;
      }
      candidates = findCandidates(std::nullopt);
    }
    std::vector<Candidate> closed;
    for (const Candidate &candidate : candidates) {
      ways[candidate.item] = int(candidate.way);
      explore(cost + candidate.cost);
      ways[candidate.item] = -1;
      isAllowed[candidate.item][candidate.way] = false;
      closed.push_back(candidate);
      if (work > limits.work || placements >= limits.placements)
        break;
    }
    for (const Candidate &candidate : closed)
      isAllowed[candidate.item][candidate.way] = true;
  }

  // Items return, or leave in a cheaper way, the most expensive ones first, as long as that works.
  void improve() {
    placements = 0;
    ways = best->ways;
    for (bool improves = true; improves && placements < limits.placements;) {
      improves = false;
      std::vector<size_t> order;
      for (size_t item = 0; item < ways.size(); ++item)
        if (ways[item] >= 0)
          order.push_back(item);
      llvm::sort(order, [&](size_t a, size_t b) {
        int64_t costA = costOf(a, ways[a]), costB = costOf(b, ways[b]);
        return costA != costB ? costA > costB : a < b;
      });
      for (size_t item : order)
        for (int way = -1; way < int(problem.ways[item].size()); ++way) {
          int old = ways[item];
          if (way == old || costOf(item, way) >= costOf(item, old) || placements >= limits.placements)
            continue;
          ways[item] = way;
          PlacementProblem inside = insideOf(problem, ways);
          if (lowerBound(inside) <= problem.budget && keepsBudgets(inside)) {
            best->cost += costOf(item, way) - costOf(item, old);
            best->ways = ways;
            improves = true;
          } else {
            ways[item] = old;
          }
        }
    }
  }

  int64_t costOf(size_t item, int way) const { return way < 0 ? 0 : problem.ways[item][size_t(way)].cost; }

  const SpillProblem &problem;
  const SpillLimits &limits;
  std::vector<int> ways;
  std::vector<std::vector<char>> isAllowed;
  std::optional<SpillChoice> best;
  bool isComplete = true;
  int64_t work = 0, placements = 0;
};

} // namespace

std::optional<SpillChoice> thimble::schedule::searchSpills(const SpillProblem &problem, const SpillLimits &limits) {
  return Search(problem, limits).run();
}
