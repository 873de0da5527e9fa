// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// First-fit packing of live ranges in several orders, improved by local search.
#include "passes/schedule/Placement.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>
#include <random>

using namespace thimble::schedule;

using Order = std::vector<size_t>;

static int64_t roundUp(int64_t bytes, int64_t alignment) { return int64_t(llvm::alignTo(uint64_t(bytes), uint64_t(alignment))); }

int64_t thimble::schedule::lowerBound(const PlacementProblem &problem) {
  // The sum changes only where an item begins: it is enough to look there. Every offset is a multiple of 4.
  int64_t bound = 0;
  for (const Item &at : problem.items) {
    int64_t sum = 0;
    for (const Item &item : problem.items)
      if (item.first <= at.first && at.first <= item.last)
        sum += roundUp(item.bytes, 4);
    for (const Overlap &overlap : problem.overlaps)
      if (problem.items[overlap.output].first == at.first) {
        int64_t in = roundUp(problem.items[overlap.input].bytes, 4), out = roundUp(problem.items[overlap.output].bytes, 4);
        sum -= std::max<int64_t>(in + out - std::max(roundUp(overlap.distance, 4) + in, out), 0);
      }
    bound = std::max(bound, sum);
  }
  return bound;
}

Pairs::Pairs(const PlacementProblem &problem)
    : problem(problem), neighbourLists(problem.items.size()), overlapInto(problem.items.size(), -1), overlapFrom(problem.items.size(), -1) {
  for (auto [index, overlap] : llvm::enumerate(problem.overlaps)) {
    overlapInto[overlap.output] = int64_t(index);
    overlapFrom[overlap.input] = int64_t(index);
  }
  for (size_t a = 0; a < problem.items.size(); ++a)
    for (size_t b = 0; b < problem.items.size(); ++b)
      if (a != b && problem.items[a].overlaps(problem.items[b]))
        neighbourLists[a].push_back(b);
}

Forbidden Pairs::forbidden(size_t item, size_t other, int64_t offset) const {
  int64_t own = problem.items[item].bytes, others = problem.items[other].bytes;
  int64_t into = overlapInto[item], from = overlapFrom[item];
  // As the output, it may also start `distance` before the input; as the input, `distance` behind the output.
  if (into >= 0 && problem.overlaps[size_t(into)].input == other)
    return {offset - std::min(own, problem.overlaps[size_t(into)].distance), offset + others};
  if (from >= 0 && problem.overlaps[size_t(from)].output == other)
    return {offset - own, offset + std::min(others, problem.overlaps[size_t(from)].distance)};
  return {offset - own, offset + others};
}

int64_t Pairs::lowestOffset(size_t item, llvm::ArrayRef<int64_t> offsets, const std::vector<char> &isPlaced, int64_t least) const {
  llvm::SmallVector<Forbidden, 16> intervals;
  for (size_t other : neighbourLists[item])
    if (isPlaced[other]) {
      Forbidden interval = forbidden(item, other, offsets[other]);
      if (interval.above > least && interval.below < interval.above)
        intervals.push_back(interval);
    }
  llvm::sort(intervals, [](const Forbidden &a, const Forbidden &b) { return a.below < b.below; });
  int64_t alignment = problem.items[item].alignment, offset = roundUp(least, alignment);
  for (const Forbidden &interval : intervals)
    if (interval.below < offset && offset < interval.above)
      offset = roundUp(interval.above, alignment);
  return offset;
}

// Places items one after the other, each at the lowest offset that is free during its life.
static Placement firstFit(const PlacementProblem &problem, const Pairs &pairs, const Order &order) {
  Placement result;
  result.offsets.assign(problem.items.size(), 0);
  std::vector<char> isPlaced(problem.items.size(), false);
  for (size_t index : order) {
    result.offsets[index] = pairs.lowestOffset(index, result.offsets, isPlaced, 0);
    result.height = std::max(result.height, result.offsets[index] + problem.items[index].bytes);
    isPlaced[index] = true;
  }
  return result;
}

// An item that reaches the top is moved to a random earlier turn. The generator's sequence is fixed by the standard.
static void improveByLocalSearch(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, Order order, Placement &best) {
  std::mt19937 random(1);
  Placement current = best;
  // Each attempt looks at all pairs of neighbours.
  int64_t attempts = std::clamp<int64_t>(int64_t(40'000'000) / int64_t(order.size() * order.size()), 20, 2000);
  for (int64_t attempt = 0; attempt < attempts && best.height > bound; ++attempt) {
    Order next = order;
    size_t top = 0;
    for (size_t i = 0; i < next.size(); ++i)
      if (current.offsets[next[i]] + problem.items[next[i]].bytes == current.height)
        top = i;
    size_t target = top == 0 ? random() % next.size() : random() % top;
    std::rotate(next.begin() + std::min(target, top), next.begin() + top, next.begin() + top + 1);
    if (random() % 4 == 0)
      std::swap(next[random() % next.size()], next[random() % next.size()]);
    Placement candidate = firstFit(problem, pairs, next);
    if (candidate.height <= current.height) {
      order = next;
      current = candidate;
    }
    if (candidate.height < best.height)
      best = candidate;
  }
}

Placement thimble::schedule::place(const PlacementProblem &problem, int64_t work) {
  const std::vector<Item> &items = problem.items;
  if (items.empty())
    return {{}, 0, true};
  int64_t bound = lowerBound(problem);
  Pairs pairs(problem);
  Order program(items.size());
  std::iota(program.begin(), program.end(), size_t(0));
  auto sortedBy = [&](auto key) {
    Order order = program;
    llvm::sort(order, [&](size_t a, size_t b) {
      int64_t keyA = key(items[a]), keyB = key(items[b]);
      return keyA != keyB ? keyA > keyB : a < b;
    });
    return order;
  };
  // From the last to the first: an output that overlaps its input wants to be below it.
  std::vector<Order> starts = {sortedBy([](const Item &item) { return item.bytes; }),
                               sortedBy([](const Item &item) { return item.bytes * (item.last - item.first + 1); }),
                               sortedBy([](const Item &item) { return item.last - item.first; }),
                               sortedBy([](const Item &item) { return item.last; }),
                               sortedBy([](const Item &item) { return -item.first; })};
  Placement best;
  Order bestOrder;
  for (const Order &order : starts) {
    Placement candidate = firstFit(problem, pairs, order);
    if (bestOrder.empty() || candidate.height < best.height) {
      best = candidate;
      bestOrder = order;
    }
  }
  improveByLocalSearch(problem, pairs, bound, bestOrder, best);
  improveBySweeping(problem, pairs, bound, work, best);
  best.isLeast = best.height <= bound;
  if (!best.isLeast)
    improveByBranchAndBound(problem, pairs, bound, work, best);
  return best;
}
