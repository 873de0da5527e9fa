// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// First-fit packing of live ranges in several orders, improved by local search.
#include "passes/schedule/Placement.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <map>
#include <numeric>
#include <random>

using namespace thimble::schedule;

using Order = std::vector<size_t>;

static int64_t roundUp(int64_t bytes, int64_t alignment) {
  return int64_t(llvm::alignTo(uint64_t(bytes), uint64_t(alignment)));
}

namespace {
// A range of an item.
struct Span {
  int64_t begin, bytes, first; // `first`: when its first part begins to live
  bool contains(const ItemPart &part) const { return begin <= part.begin && part.begin + part.bytes <= begin + bytes; }
};
} // namespace

static llvm::SmallVector<ItemPart, 4> partsOf(const Item &item) {
  if (item.parts.empty())
    return {{0, item.bytes, item.first, item.last}};
  return {item.parts.begin(), item.parts.end()};
}

static Span spanOf(const Item &item, const ItemRange &range) {
  if (range.bytes < 0)
    return {0, item.bytes, item.first};
  Span span{range.begin, range.bytes, item.last};
  for (const ItemPart &part : partsOf(item))
    if (span.contains(part))
      span.first = std::min(span.first, part.first);
  return span;
}

int64_t thimble::schedule::lowerBound(const PlacementProblem &problem) {
  // The sum changes only where a part begins: it is enough to look there. Every offset is a multiple of 4.
  std::vector<ItemPart> all;
  for (const Item &item : problem.items)
    llvm::append_range(all, partsOf(item));
  std::map<int64_t, int64_t> savedAt;
  for (const Overlap &overlap : problem.overlaps) {
    Span input = spanOf(problem.items[overlap.input], overlap.inputRange),
         output = spanOf(problem.items[overlap.output], overlap.outputRange);
    int64_t in = roundUp(input.bytes, 4), out = roundUp(output.bytes, 4);
    savedAt[output.first] += std::max<int64_t>(in + out - std::max(roundUp(overlap.distance, 4) + in, out), 0);
  }
  int64_t bound = 0;
  for (const ItemPart &at : all) {
    int64_t sum = 0;
    for (const ItemPart &part : all)
      if (part.first <= at.first && at.first <= part.last)
        sum += roundUp(part.begin + part.bytes, 4) - roundUp(part.begin, 4);
    auto saved = savedAt.find(at.first);
    bound = std::max(bound, saved == savedAt.end() ? sum : sum - saved->second);
  }
  return bound;
}

Pairs::Pairs(const PlacementProblem &problem)
    : problem(problem), neighbourLists(problem.items.size()), overlapsOf(problem.items.size()) {
  for (auto [index, overlap] : llvm::enumerate(problem.overlaps)) {
    overlapsOf[overlap.output].push_back(index);
    overlapsOf[overlap.input].push_back(index);
  }
  for (size_t a = 0; a < problem.items.size(); ++a)
    for (size_t b = 0; b < problem.items.size(); ++b)
      if (a != b && problem.items[a].overlaps(problem.items[b]))
        neighbourLists[a].push_back(b);
}

void Pairs::forbid(size_t item, size_t other, int64_t offset, llvm::SmallVectorImpl<Forbidden> &intervals) const {
  if (!problem.items[item].parts.empty() || !problem.items[other].parts.empty())
    return forbidParts(item, other, offset, intervals);
  int64_t own = problem.items[item].bytes, others = problem.items[other].bytes;
  // As the output, it may also start `distance` before the input; as the input, `distance` behind the output.
  for (size_t index : overlapsOf[item]) {
    const Overlap &overlap = problem.overlaps[index];
    if (overlap.output == item && overlap.input == other)
      return intervals.push_back({offset - std::min(own, overlap.distance), offset + others});
    if (overlap.input == item && overlap.output == other)
      return intervals.push_back({offset - own, offset + std::min(others, overlap.distance)});
  }
  intervals.push_back({offset - own, offset + others});
}

void Pairs::forbidParts(size_t item, size_t other, int64_t offset, llvm::SmallVectorImpl<Forbidden> &intervals) const {
  llvm::SmallVector<ItemPart, 4> own(partsOf(problem.items[item])), others(partsOf(problem.items[other]));
  llvm::SmallVector<std::pair<Span, Span>, 2> shared; // of item, of other
  for (size_t index : overlapsOf[item]) {
    const Overlap &overlap = problem.overlaps[index];
    bool isOutput = overlap.output == item && overlap.input == other;
    if (!isOutput && (overlap.input != item || overlap.output != other))
      continue;
    Span input = spanOf(problem.items[overlap.input], overlap.inputRange),
         output = spanOf(problem.items[overlap.output], overlap.outputRange);
    int64_t distance = std::min(output.bytes, overlap.distance);
    if (isOutput)
      intervals.push_back({offset + input.begin - distance - output.begin, offset + input.begin + input.bytes - output.begin});
    else
      intervals.push_back({offset + output.begin - input.bytes - input.begin, offset + output.begin + distance - input.begin});
    shared.push_back(isOutput ? std::make_pair(output, input) : std::make_pair(input, output));
  }
  for (const ItemPart &a : own)
    for (const ItemPart &b : others)
      if (a.overlaps(b) && llvm::none_of(shared, [&](auto &pair) { return pair.first.contains(a) && pair.second.contains(b); }))
        intervals.push_back({offset + b.begin - a.bytes - a.begin, offset + b.begin + b.bytes - a.begin});
}

int64_t Pairs::lowestOffset(size_t item, llvm::ArrayRef<int64_t> offsets, const std::vector<char> &isPlaced,
                            int64_t least) const {
  llvm::SmallVector<Forbidden, 16> intervals;
  for (size_t other : neighbourLists[item])
    if (isPlaced[other])
      forbid(item, other, offsets[other], intervals);
  llvm::erase_if(intervals,
                 [&](const Forbidden &interval) { return interval.above <= least || interval.below >= interval.above; });
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
static void improveByLocalSearch(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, Order order,
                                 Placement &best) {
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
  if (best.isLeast)
    return best;
  if (llvm::all_of(items, [](const Item &item) { return item.parts.empty(); })) {
    improveByBranchAndBound(problem, pairs, bound, work, best);
    return best;
  }
  PlacementProblem whole = problem;
  for (Item &item : whole.items)
    item.parts.clear();
  llvm::erase_if(whole.overlaps,
                 [](const Overlap &overlap) { return overlap.inputRange.bytes >= 0 || overlap.outputRange.bytes >= 0; });
  improveByBranchAndBound(whole, Pairs(whole), bound, work, best);
  best.isLeast = best.height <= bound;
  return best;
}
