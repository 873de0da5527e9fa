// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Best-first search over sets of executed tasks.
#include "passes/schedule/OrderSearch.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"
#include <queue>
#include <random>
#include <set>
#include <tuple>
#include <unordered_set>

using namespace thimble::schedule;

using Words = std::vector<uint64_t>; // a set of tasks, one bit each
using Order = std::vector<size_t>;

static bool contains(const uint64_t *set, size_t task) { return set[task / 64] >> (task % 64) & 1; }
static void insert(uint64_t *set, size_t task) { set[task / 64] |= uint64_t(1) << (task % 64); }

int64_t thimble::schedule::savedBytes(const MemoryGraph &graph, const MemoryGraph::Share &share) {
  int64_t in = 0, out = 0;
  for (size_t buffer : share.inputs)
    in += graph.buffers[buffer].bytes;
  for (size_t buffer : share.outputs)
    out += graph.buffers[buffer].bytes;
  return std::max<int64_t>(in + out - std::max(share.distance + in, out), 0);
}

namespace {

// What running one task next would mean.
struct Step {
  size_t task;
  int64_t during, after; // bytes alive while it runs, and then
};

// Looks at one set of executed tasks at a time.
class Frontier {
public:
  explicit Frontier(const MemoryGraph &graph) : graph(graph), touched(graph.buffers.size()), remaining(graph.buffers.size()) {}

  // Bytes alive after the tasks in `done`, and the tasks that may run next, in the order of their numbers.
  void look(const uint64_t *done) {
    for (size_t i = 0; i < graph.buffers.size(); ++i) {
      touched[i] = graph.buffers[i].isInput;
      remaining[i] = graph.buffers[i].isOutput;
    }
    for (size_t i = 0; i < graph.tasks.size(); ++i)
      for (size_t buffer : graph.tasks[i].touches)
        if (contains(done, i))
          touched[buffer] = true;
        else
          ++remaining[buffer];
    live = 0;
    for (size_t i = 0; i < graph.buffers.size(); ++i)
      if (touched[i] && remaining[i] > 0)
        live += graph.buffers[i].bytes;
    steps.clear();
    for (size_t i = 0; i < graph.tasks.size(); ++i)
      if (!contains(done, i) && llvm::all_of(graph.tasks[i].before, [&](size_t other) { return contains(done, other); }))
        steps.push_back(step(i));
  }

  int64_t live = 0;
  std::vector<Step> steps;

private:
  Step step(size_t index) const {
    const MemoryGraph::Task &task = graph.tasks[index];
    int64_t born = 0, freed = 0, saved = 0;
    for (size_t buffer : task.touches) {
      if (!touched[buffer])
        born += graph.buffers[buffer].bytes;
      if (remaining[buffer] == 1)
        freed += graph.buffers[buffer].bytes;
    }
    for (const MemoryGraph::Share &share : task.shares)
      if (llvm::all_of(share.inputs, [&](size_t buffer) { return remaining[buffer] == 1; }) &&
          llvm::none_of(share.outputs, [&](size_t buffer) { return bool(touched[buffer]); }))
        saved = std::max(saved, savedBytes(graph, share));
    return {index, live + born - saved, live + born - freed};
  }

  const MemoryGraph &graph;
  std::vector<char> touched;      // by an executed task
  std::vector<int64_t> remaining; // tasks that will touch it, and the caller if it is an output
};

class Search {
public:
  Search(const MemoryGraph &graph, int64_t stateLimit)
      : graph(graph), frontier(graph), probe(graph), width(graph.tasks.size() / 64 + 1), stateLimit(stateLimit),
        sets(0, Hash{this}, Equal{this}) {}

  OrderResult run(const Order &given) {
    best.order = given;
    best.peak = peakOf(graph, given);
    best.bound = loneBound();
    for (size_t beamWidth : {1, 32})
      if (best.peak > best.bound)
        beam(beamWidth);
    if (best.peak > best.bound)
      searchExactly();
    return best;
  }

private:
  // One visited set: its tasks in `words`, the tasks that led there from `previous`.
  struct Visit {
    size_t previous;
    std::vector<size_t> tasks;
    int64_t peak;
  };
  struct Entry {
    int64_t peak;
    size_t count, state;
    bool operator<(const Entry &other) const { // the queue gives its largest: least peak, most progress, oldest
      return std::tie(other.peak, count, other.state) < std::tie(peak, other.count, state);
    }
  };
  struct Hash {
    const Search *search;
    size_t operator()(size_t state) const {
      const uint64_t *set = search->set(state);
      return llvm::hash_combine_range(set, set + search->width);
    }
  };
  struct Equal {
    const Search *search;
    bool operator()(size_t a, size_t b) const {
      return std::equal(search->set(a), search->set(a) + search->width, search->set(b));
    }
  };

  const uint64_t *set(size_t state) const { return &words[state * width]; }

  // No order does without the bytes that one task needs, whatever else is alive, nor without the inputs and the outputs.
  int64_t loneBound() const {
    int64_t inputs = 0, outputs = 0, bound = 0;
    for (const MemoryGraph::Buffer &buffer : graph.buffers) {
      inputs += buffer.isInput ? buffer.bytes : 0;
      outputs += buffer.isOutput ? buffer.bytes : 0;
    }
    for (const MemoryGraph::Task &task : graph.tasks) {
      int64_t needed = 0, saved = 0;
      for (size_t buffer : task.touches)
        needed += graph.buffers[buffer].bytes;
      for (const MemoryGraph::Share &share : task.shares)
        saved = std::max(saved, savedBytes(graph, share));
      bound = std::max(bound, needed - saved);
    }
    return std::max({inputs, outputs, bound});
  }

  // Keeps the `beamWidth` most promising sets of each size: the least peak, then the fewest live bytes.
  void beam(size_t beamWidth) {
    struct Candidate {
      Words done;
      Order order;
      int64_t peak, live;
    };
    std::vector<Candidate> level = {{Words(width), {}, best.bound, 0}};
    for (size_t count = 0; count < graph.tasks.size(); ++count) {
      std::vector<std::tuple<int64_t, int64_t, size_t, size_t>> choices; // peak, live, candidate, task
      for (auto [index, candidate] : llvm::enumerate(level)) {
        frontier.look(candidate.done.data());
        for (const Step &step : frontier.steps)
          choices.push_back({std::max(candidate.peak, step.during), step.after, index, step.task});
      }
      llvm::sort(choices);
      std::vector<Candidate> next;
      for (auto [peak, live, index, task] : choices) {
        if (next.size() == beamWidth || peak >= best.peak)
          break;
        Candidate candidate{level[index].done, level[index].order, peak, live};
        insert(candidate.done.data(), task);
        candidate.order.push_back(task);
        if (llvm::none_of(next, [&](const Candidate &other) { return other.done == candidate.done; }))
          next.push_back(std::move(candidate));
      }
      if (next.empty())
        return;
      level = std::move(next);
    }
    best.order = level[0].order;
    best.peak = level[0].peak;
  }

  // Numbers of tasks executed once a task has run that every other comes before or after: all orders pass there.
  std::vector<bool> findCuts() const {
    size_t n = graph.tasks.size();
    std::vector<Words> ancestors(n, Words(width));
    std::vector<size_t> above(n, 0), below(n, 0);
    std::vector<size_t> order = best.order; // topological
    for (size_t task : order) {
      for (size_t other : graph.tasks[task].before) {
        insert(ancestors[task].data(), other);
        for (size_t i = 0; i < width; ++i)
          ancestors[task][i] |= ancestors[other][i];
      }
      for (size_t other = 0; other < n; ++other)
        if (contains(ancestors[task].data(), other)) {
          ++above[task];
          ++below[other];
        }
    }
    std::vector<bool> isCut(n + 1, false);
    for (size_t task = 0; task < n; ++task)
      if (above[task] + below[task] + 1 == n)
        isCut[above[task] + 1] = true;
    return isCut;
  }

  void searchExactly() {
    std::vector<bool> isCut = findCuts();
    size_t passed = 0; // sets with fewer tasks lead nowhere new
    std::priority_queue<Entry> queue;
    words.assign(width, 0);
    visits.push_back({0, {}, best.bound});
    sets.insert(0);
    queue.push({best.bound, 0, 0});
    while (!queue.empty()) {
      Entry entry = queue.top();
      queue.pop();
      if (entry.count < passed || visits[entry.state].peak < entry.peak)
        continue;
      best.bound = std::max(best.bound, entry.peak);
      if (entry.count == graph.tasks.size())
        return finish(entry);
      if (isCut[entry.count])
        passed = entry.count;
      if (int64_t(visits.size()) > stateLimit || words.size() > maxWords)
        return;
      frontier.look(set(entry.state));
      best.states = int64_t(visits.size());
      std::vector<size_t> run = findHarmlessRun(entry);
      if (!run.empty()) {
        push(queue, entry, run, entry.peak);
        continue;
      }
      for (const Step &step : frontier.steps)
        push(queue, entry, {step.task}, std::max(entry.peak, step.during));
    }
    best.bound = best.peak; // nothing below the heuristic's peak is left
  }

  // Tasks, each waiting for the one before, that stay within the peak so far and leave no more bytes alive than now. Nothing is lost
  // by running them at once: whatever else runs meanwhile finds no more alive after the whole run than at any point inside it.
  std::vector<size_t> findHarmlessRun(const Entry &entry) {
    for (const Step &first : frontier.steps) {
      std::vector<size_t> run = {first.task};
      Words done(set(entry.state), set(entry.state) + width);
      for (Step step = first; step.during <= entry.peak;) {
        if (step.after <= frontier.live)
          return run;
        if (run.size() == maxRun)
          break;
        insert(done.data(), step.task);
        probe.look(done.data());
        const Step *next = nullptr;
        for (const Step &candidate : probe.steps)
          if (llvm::is_contained(graph.tasks[candidate.task].before, step.task) && (!next || candidate.after < next->after))
            next = &candidate;
        if (!next)
          break;
        step = *next;
        run.push_back(step.task);
      }
    }
    return {};
  }

  void push(std::priority_queue<Entry> &queue, const Entry &from, llvm::ArrayRef<size_t> tasks, int64_t peak) {
    if (peak >= best.peak)
      return;
    size_t state = visits.size();
    words.resize(words.size() + width);
    std::copy_n(&words[from.state * width], width, &words[state * width]);
    for (size_t task : tasks)
      insert(&words[state * width], task);
    visits.push_back({from.state, tasks.vec(), peak});
    auto [known, isNew] = sets.insert(state);
    if (isNew)
      return queue.push({peak, from.count + tasks.size(), state});
    words.resize(words.size() - width);
    Visit visit = std::move(visits.back());
    visits.pop_back();
    if (visits[*known].peak <= peak)
      return;
    visits[*known] = std::move(visit);
    queue.push({peak, from.count + tasks.size(), *known});
  }

  void finish(const Entry &entry) {
    Order order;
    for (size_t at = entry.state; at != 0; at = visits[at].previous)
      order.insert(order.end(), visits[at].tasks.rbegin(), visits[at].tasks.rend());
    best.order.assign(order.rbegin(), order.rend());
    best.peak = entry.peak;
  }

  static constexpr size_t maxWords = size_t(1) << 24; // 128 MiB
  static constexpr size_t maxRun = 12;

  const MemoryGraph &graph;
  Frontier frontier, probe;
  size_t width; // words of a set
  int64_t stateLimit;
  Words words;
  std::vector<Visit> visits;
  std::unordered_set<size_t, Hash, Equal> sets;
  OrderResult best;
};

} // namespace

int64_t thimble::schedule::peakOf(const MemoryGraph &graph, const std::vector<size_t> &order) {
  Frontier frontier(graph);
  Words done(graph.tasks.size() / 64 + 1);
  int64_t peak = 0;
  for (size_t task : order) {
    frontier.look(done.data());
    peak = std::max(peak, frontier.live);
    for (const Step &step : frontier.steps)
      if (step.task == task)
        peak = std::max(peak, step.during);
    insert(done.data(), task);
  }
  frontier.look(done.data());
  return std::max(peak, frontier.live);
}

std::vector<size_t> thimble::schedule::readyWithin(const MemoryGraph &graph, const Order &done, int64_t peak) {
  Frontier frontier(graph);
  Words set(graph.tasks.size() / 64 + 1);
  for (size_t task : done)
    insert(set.data(), task);
  frontier.look(set.data());
  std::vector<size_t> ready;
  for (const Step &step : frontier.steps)
    if (step.during <= peak)
      ready.push_back(step.task);
  return ready;
}

std::optional<std::vector<Order>> thimble::schedule::findAllOrders(const MemoryGraph &graph, size_t most) {
  std::vector<Order> orders;
  std::vector<std::vector<size_t>> levels = {readyWithin(graph, {}, INT64_MAX)}; // what is still to try after the tasks before
  Order order;
  while (!levels.empty()) {
    if (order.size() == graph.tasks.size()) {
      if (orders.size() == most)
        return std::nullopt;
      orders.push_back(order);
    } else if (!levels.back().empty()) {
      order.push_back(levels.back().back());
      levels.back().pop_back();
      levels.push_back(readyWithin(graph, order, INT64_MAX));
      continue;
    }
    levels.pop_back();
    if (!order.empty())
      order.pop_back();
  }
  return orders;
}

namespace {

// Random walks to complete orders, depth first. What turns out to be a dead end is remembered.
class OrderWalk {
public:
  OrderWalk(const MemoryGraph &graph, int64_t peak) : graph(graph), peak(peak), frontier(graph) {}

  // What frees memory runs at once with `isEager`, as in the search.
  std::optional<Order> run(std::mt19937 &random, bool isEager) {
    struct Level {
      Words done;
      std::vector<size_t> next;
    };
    std::vector<Level> levels;
    Order order;
    auto open = [&](Words done) {
      frontier.look(done.data());
      std::vector<size_t> next;
      for (const Step &step : frontier.steps)
        if (step.during <= peak) {
          if (isEager && step.after <= frontier.live) {
            next = {step.task};
            break;
          }
          next.push_back(step.task);
        }
      for (size_t i = next.size(); i > 1; --i) // std::shuffle differs from library to library
        std::swap(next[i - 1], next[random() % i]);
      levels.push_back({std::move(done), std::move(next)});
    };
    open(Words(graph.tasks.size() / 64 + 1));
    for (int64_t steps = 0; steps < maxSteps && !levels.empty(); ++steps) {
      if (order.size() == graph.tasks.size())
        return order;
      Level &level = levels.back();
      if (level.next.empty()) {
        deadEnds.insert(std::move(level.done));
        levels.pop_back();
        if (!order.empty())
          order.pop_back();
        continue;
      }
      size_t task = level.next.back();
      level.next.pop_back();
      Words done = level.done;
      insert(done.data(), task);
      if (deadEnds.count(done))
        continue;
      order.push_back(task);
      open(std::move(done));
    }
    return std::nullopt;
  }

private:
  static constexpr int64_t maxSteps = 4000;
  const MemoryGraph &graph;
  int64_t peak;
  Frontier frontier;
  std::set<Words> deadEnds;
};

} // namespace

std::vector<Order> thimble::schedule::findOtherOrders(const MemoryGraph &graph, int64_t peak, size_t count) {
  std::mt19937 random(1); // its sequence is fixed by the standard
  std::vector<Order> found;
  OrderWalk walk(graph, peak);
  for (size_t attempt = 0; attempt < 4 * count && found.size() < count; ++attempt)
    if (std::optional<Order> order = walk.run(random, attempt % 2 == 0); order && !llvm::is_contained(found, *order))
      found.push_back(std::move(*order));
  return found;
}

PlacementProblem thimble::schedule::makePlacementProblem(const MemoryGraph &graph, const std::vector<size_t> &order,
                                                           bool takesAllShares) {
  constexpr int64_t anywhere = -(int64_t(1) << 40);
  PlacementProblem problem;
  int64_t end = int64_t(order.size());
  std::vector<ItemPart> lives;
  std::vector<size_t> itemOf;
  for (auto [index, buffer] : llvm::enumerate(graph.buffers)) {
    bool isPart = index > 0 && buffer.owner && buffer.owner == graph.buffers[index - 1].owner;
    if (!isPart)
      problem.items.push_back({end, -1, 0, 4, {}});
    Item &item = problem.items.back();
    lives.push_back({item.bytes, buffer.bytes, buffer.isInput ? -1 : end, buffer.isOutput ? end : -1});
    itemOf.push_back(problem.items.size() - 1);
    item.bytes += buffer.bytes;
  }
  for (int64_t at = 0; at < end; ++at)
    for (size_t buffer : graph.tasks[order[size_t(at)]].touches) {
      lives[buffer].first = std::min(lives[buffer].first, at);
      lives[buffer].last = std::max(lives[buffer].last, at);
    }
  for (size_t buffer = 0; buffer < lives.size(); ++buffer) {
    Item &item = problem.items[itemOf[buffer]];
    item.first = std::min(item.first, lives[buffer].first);
    item.last = std::max(item.last, lives[buffer].last);
    if (item.bytes != graph.buffers[buffer].bytes && lives[buffer].first <= lives[buffer].last)
      item.parts.push_back(lives[buffer]);
  }
  auto rangeOf = [&](const MemoryGraph::Parts &parts) {
    ItemRange range{lives[parts.front()].begin, 0};
    for (size_t part : parts)
      range.bytes += lives[part].bytes;
    return problem.items[itemOf[parts.front()]].parts.empty() ? ItemRange() : range;
  };
  for (int64_t at = 0; at < end; ++at)
    for (const MemoryGraph::Share &share : graph.tasks[order[size_t(at)]].shares)
      if (llvm::all_of(share.inputs, [&](size_t buffer) { return lives[buffer].last == at; }) &&
          llvm::all_of(share.outputs, [&](size_t buffer) { return lives[buffer].first == at; })) {
        // Pieces that are items of their own have no common place: where they lie does not matter then.
        if (takesAllShares && share.inputs.size() + share.outputs.size() > 2) {
          for (size_t input : share.inputs)
            for (size_t output : share.outputs)
              problem.overlaps.push_back({itemOf[input], itemOf[output], anywhere});
          continue;
        }
        problem.overlaps.push_back({itemOf[share.inputs.front()], itemOf[share.outputs.front()], share.distance,
                                    rangeOf(share.inputs), rangeOf(share.outputs)});
        if (!takesAllShares)
          break;
      }
  return problem;
}

OrderResult thimble::schedule::searchOrder(const MemoryGraph &graph, const std::vector<size_t> &given, int64_t stateLimit) {
  return Search(graph, stateLimit).run(given);
}
