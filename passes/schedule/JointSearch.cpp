// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Other orders where the first one cannot be placed at its peak, and proofs that there is no better one.
#include "passes/schedule/JointSearch.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace thimble::schedule;

using Order = std::vector<size_t>;

namespace {

// The sets of executed tasks through which orders with a limited peak pass.
class OrderLattice {
public:
  /// Gives up beyond `maxSets`; see isComplete().
  OrderLattice(const MemoryGraph &graph, int64_t peak, size_t maxSets) : levels(graph.tasks.size() + 1) {
    std::map<Order, size_t> numbers = {{Order(), 0}};
    sets.push_back({{}, {}, {}});
    for (size_t set = 0; set < sets.size() && sets.size() <= maxSets; ++set)
      for (size_t task : readyWithin(graph, sets[set].done, peak)) {
        Order done = sets[set].done;
        done.insert(llvm::lower_bound(done, task), task);
        auto [known, isNew] = numbers.try_emplace(done, sets.size());
        if (isNew) {
          Order path = sets[set].path;
          path.push_back(task);
          sets.push_back({std::move(done), std::move(path), {}});
        }
        sets[set].next.push_back({task, known->second});
      }
    complete = sets.size() <= maxSets;
    // Sets are numbered by their size. What does not lead to all tasks is a dead end.
    std::vector<char> isLive(sets.size());
    for (size_t set = sets.size(); complete && set-- > 0;) {
      llvm::erase_if(sets[set].next, [&](const Edge &edge) { return !isLive[edge.set]; });
      isLive[set] = sets[set].done.size() == graph.tasks.size() || !sets[set].next.empty();
      if (isLive[set])
        levels[sets[set].done.size()].push_back(set);
    }
  }

  bool isComplete() const { return complete; }
  /// True if all orders pass through one set of that many tasks.
  bool isCut(size_t count) const { return levels[count].size() == 1; }

  /// The ways from the cut at `from` to that at `to`, each as a whole order; false if there are more than `most`.
  bool findWays(size_t from, size_t to, size_t most, std::vector<Order> &ways) const {
    size_t begin = levels[from][0], end = levels[to][0];
    Order rest;
    for (size_t set = end; !sets[set].next.empty(); set = sets[set].next[0].set)
      rest.push_back(sets[set].next[0].task);
    Order way = sets[begin].path;
    return follow(begin, end, most, rest, way, ways);
  }

private:
  struct Edge {
    size_t task, set;
  };
  struct Set {
    Order done, path; // sorted, and as one order that leads there
    std::vector<Edge> next;
  };

  bool follow(size_t set, size_t end, size_t most, const Order &rest, Order &way, std::vector<Order> &ways) const {
    if (set == end) {
      ways.push_back(way);
      llvm::append_range(ways.back(), rest);
      return ways.size() <= most;
    }
    for (const Edge &edge : sets[set].next) {
      way.push_back(edge.task);
      bool isFew = follow(edge.set, end, most, rest, way, ways);
      way.pop_back();
      if (!isFew)
        return false;
    }
    return true;
  }

  std::vector<Set> sets;
  std::vector<std::vector<size_t>> levels; // sets of each size on the way to all tasks
  bool complete = false;
};

} // namespace

// What is alive while the tasks at [from, to) of the order run, with every part of a piece of memory for itself, and every sharing that
// a kernel allows at once: if a plan of the whole order is possible, so is one of this.
static PlacementProblem relax(const MemoryGraph &graph, const Order &order, size_t from, size_t to) {
  MemoryGraph relaxed = graph;
  for (MemoryGraph::Buffer &buffer : relaxed.buffers)
    buffer.owner.reset();
  PlacementProblem whole = makePlacementProblem(relaxed, order, /*takesAllShares=*/true), problem;
  // The caller's inputs and outputs are there before the first task and after the last one.
  int64_t first = from == 0 ? -1 : int64_t(from), last = to == order.size() ? int64_t(to) : int64_t(to) - 1;
  std::vector<size_t> numbers(whole.items.size(), SIZE_MAX);
  for (auto [index, item] : llvm::enumerate(whole.items)) {
    // What takes no bytes, such as an input that is fed, can lie anywhere.
    if (item.bytes == 0 || item.first > item.last || item.first > last || item.last < first)
      continue;
    numbers[index] = problem.items.size();
    problem.items.push_back({std::max(item.first, first), std::min(item.last, last), item.bytes, item.alignment, {}});
  }
  for (const Overlap &overlap : whole.overlaps)
    if (numbers[overlap.input] != SIZE_MAX && numbers[overlap.output] != SIZE_MAX)
      problem.overlaps.push_back({numbers[overlap.input], numbers[overlap.output], overlap.distance});
  return problem;
}

// True if it can be shown that no order can be placed within `height` bytes: of some stretch between two sets through which all orders
// of that peak pass, none of the ways through it can. Short stretches come first.
static bool isHeightImpossible(const MemoryGraph &graph, int64_t height, const JointLimits &limits, int64_t &left) {
  OrderLattice lattice(graph, height, limits.sets);
  if (!lattice.isComplete())
    return false;
  size_t count = graph.tasks.size();
  int64_t tries = limits.proofTasks / int64_t(count);
  for (size_t length = 1; length <= count && tries > 0 && left > 0; ++length)
    for (size_t from = 0; from + length <= count && tries > 0 && left > 0; ++from) {
      std::vector<Order> ways;
      if (!lattice.isCut(from) || !lattice.isCut(from + length) || !lattice.findWays(from, from + length, limits.ways, ways))
        continue;
      if (llvm::all_of(ways, [&](const Order &way) {
            return --tries > 0 && left > 0 &&
                   isImpossible(relax(graph, way, from, from + length), height, limits.proofWork, left);
          }))
        return true;
    }
  return false;
}

// The greatest bound that can be shown: at once if nothing below `height` is possible, else by halves.
static int64_t raiseBound(const MemoryGraph &graph, int64_t bound, int64_t height, const JointLimits &limits, int64_t &left) {
  int64_t low = bound / 4, high = height / 4;
  for (int64_t middle = high - 1; low < high; middle = low + (high - low) / 2) {
    if (isHeightImpossible(graph, 4 * middle, limits, left))
      low = middle + 1;
    else
      high = middle;
  }
  return std::max(bound, 4 * low);
}

JointResult thimble::schedule::searchJointly(const MemoryGraph &graph, const Order &given, const JointLimits &limits) {
  int64_t left = limits.allProofs;
  OrderResult first = searchOrder(graph, given, limits.states);
  JointResult result{first.order, 0, first.bound, first.states, 1};
  result.height = place(makePlacementProblem(graph, first.order), limits.work / 30).height;
  auto isDone = [&] { return result.height <= result.bound; };
  auto tryOrder = [&](const Order &order, int64_t work) {
    ++result.orders;
    int64_t height = place(makePlacementProblem(graph, order), work).height;
    if (height < result.height) {
      result.height = height;
      result.order = order;
    }
    return height;
  };
  // More work; orders as good; those with more bytes alive, which may leave fewer gaps. The bound rises in between, where it can.
  if (!isDone())
    tryOrder(first.order, limits.work);
  for (int64_t share : {0, 1, 2, 4}) {
    if (isDone())
      return result;
    int64_t limit = first.peak + (result.height - 4 - first.peak) * share / 4 / 4 * 4;
    std::vector<Order> others;
    if (limit >= first.peak)
      others = findOtherOrders(graph, limit, limits.orders / 4);
    // All of them a little, then the two best ones more.
    std::vector<std::pair<int64_t, size_t>> heights;
    for (size_t i = 0; i < others.size() && !isDone(); ++i)
      heights.push_back({tryOrder(others[i], limits.work / 30), i});
    if (!isDone() && share == 0)
      result.bound = raiseBound(graph, result.bound, result.height, limits, left);
    llvm::sort(heights);
    for (size_t i = 0; i < std::min<size_t>(heights.size(), 2) && !isDone(); ++i)
      tryOrder(others[heights[i].second], limits.work / 3);
  }
  if (!isDone())
    result.bound = raiseBound(graph, result.bound, result.height, limits, left);
  return result;
}
