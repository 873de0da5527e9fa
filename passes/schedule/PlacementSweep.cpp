// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Offsets by a beam search along time.
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "passes/schedule/Placement.h"
#include <map>
#include <numeric>

using namespace thimble::schedule;

namespace {

// What a step leaves to the next ones: where the live items are. Two states that agree in it have the same future.
struct State {
  std::vector<int64_t> live; // offsets, in the order of the list of live items
  int64_t score;             // room in one piece counts more than the same in many
  size_t previous;           // in the last item's states
  int64_t offset;            // of the last item
};

class Sweep {
public:
  Sweep(const PlacementProblem &problem, const Pairs &pairs, int64_t capacity, size_t width, bool isBackward)
      : problem(problem), pairs(pairs), capacity(capacity), width(width), isBackward(isBackward) {}

  bool run(Placement &result) {
    std::vector<size_t> order(problem.items.size());
    std::iota(order.begin(), order.end(), size_t(0));
    llvm::sort(order, [&](size_t a, size_t b) {
      return std::make_tuple(begin(a), -problem.items[a].bytes, a) < std::make_tuple(begin(b), -problem.items[b].bytes, b);
    });
    std::vector<std::vector<State>> states = {{{{}, 0, 0, 0}}};
    std::vector<size_t> live;
    for (size_t item : order) {
      // Items that ended before this one began are forgotten.
      std::vector<size_t> kept;
      for (auto [position, other] : llvm::enumerate(live))
        if (end(other) >= begin(item))
          kept.push_back(position);
      std::vector<size_t> nextLive;
      for (size_t position : kept)
        nextLive.push_back(live[position]);
      std::map<std::vector<int64_t>, State> next;
      for (auto [index, state] : llvm::enumerate(states.back())) {
        std::vector<int64_t> offsets;
        for (size_t position : kept)
          offsets.push_back(state.live[position]);
        extend(item, nextLive, offsets, index, next);
      }
      nextLive.push_back(item);
      live = std::move(nextLive);
      std::vector<State> best;
      for (auto &entry : next)
        best.push_back(std::move(entry.second));
      llvm::sort(best, [](const State &a, const State &b) { return a.score != b.score ? a.score > b.score : a.live < b.live; });
      if (best.size() > width)
        best.resize(width);
      if (best.empty())
        return false;
      states.push_back(std::move(best));
    }
    result.offsets.assign(problem.items.size(), 0);
    result.height = 0;
    size_t index = 0;
    for (size_t i = order.size(); i-- > 0;) {
      const State &state = states[i + 1][index];
      result.offsets[order[i]] = state.offset;
      result.height = std::max(result.height, state.offset + problem.items[order[i]].bytes);
      index = state.previous;
    }
    return true;
  }

private:
  int64_t begin(size_t item) const { return isBackward ? -problem.items[item].last : problem.items[item].first; }
  int64_t end(size_t item) const { return isBackward ? -problem.items[item].first : problem.items[item].last; }

  // Tries `item` at both ends of the arena and next to each live item.
  void extend(size_t item, llvm::ArrayRef<size_t> live, std::vector<int64_t> &offsets, size_t previous,
              std::map<std::vector<int64_t>, State> &next) const {
    int64_t bytes = problem.items[item].bytes, alignment = problem.items[item].alignment;
    llvm::SmallVector<Forbidden, 16> forbidden;
    for (auto [other, offset] : llvm::zip(live, offsets))
      pairs.forbid(item, other, offset, forbidden);
    llvm::SmallVector<int64_t, 32> candidates = {0, (capacity - bytes) / alignment * alignment};
    for (const Forbidden &interval : forbidden) {
      candidates.push_back(int64_t(llvm::alignTo(uint64_t(interval.above), uint64_t(alignment))));
      if (interval.below >= 0)
        candidates.push_back(interval.below / alignment * alignment);
    }
    llvm::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (int64_t offset : candidates) {
      if (offset < 0 || offset + bytes > capacity || llvm::any_of(forbidden, [&](const Forbidden &interval) {
            return interval.below < offset && offset < interval.above;
          }))
        continue;
      std::vector<int64_t> key = offsets;
      key.push_back(offset);
      if (!next.count(key)) {
        int64_t score = scoreOf(item, live, key);
        next[key] = {key, score, previous, offset};
      }
    }
  }

  int64_t scoreOf(size_t item, llvm::ArrayRef<size_t> live, llvm::ArrayRef<int64_t> offsets) const {
    llvm::SmallVector<std::pair<int64_t, int64_t>, 16> pieces;
    for (auto [other, offset] : llvm::zip(live, offsets))
      pieces.push_back({offset, offset + problem.items[other].bytes});
    pieces.push_back({offsets.back(), offsets.back() + problem.items[item].bytes});
    pieces.push_back({capacity, capacity});
    llvm::sort(pieces);
    int64_t at = 0, score = 0;
    for (auto [from, to] : pieces) {
      int64_t room = std::max<int64_t>(from - at, 0) / 4;
      score += room * room;
      at = std::max(at, to);
    }
    return score;
  }

  const PlacementProblem &problem;
  const Pairs &pairs;
  int64_t capacity;
  size_t width;
  bool isBackward;
};

} // namespace

void thimble::schedule::improveBySweeping(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, int64_t work,
                                          Placement &best) {
  // A hundredth of the work in states, most of it in the last and widest beam.
  int64_t states = std::min<int64_t>(work / 100, 1'000'000);
  // The bound first, then ever larger parts of the way from it to the best known.
  for (int64_t share : {256, 16, 1}) {
    int64_t width = states / share / int64_t(problem.items.size());
    if (width == 0)
      continue;
    for (int64_t part = 0; part < 4 && best.height > bound; ++part)
      for (bool isBackward : {false, true}) {
        int64_t capacity = bound + (best.height - 4 - bound) * part / 4 / 4 * 4;
        Placement candidate;
        if (capacity < best.height && Sweep(problem, pairs, capacity, size_t(width), isBackward).run(candidate) &&
            candidate.height < best.height)
          best = candidate;
      }
  }
}
