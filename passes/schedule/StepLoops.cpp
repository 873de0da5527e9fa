// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the loops in a sequence of steps.
#include "passes/schedule/StepLoops.h"
#include "llvm/ADT/STLExtras.h"

using namespace thimble::schedule;

static constexpr size_t maxPeriod = 256;

// The loop within [begin, end) that saves most steps; count 1 if there is none.
static StepLoop findBest(const std::vector<FlatStep> &steps, size_t begin, size_t end) {
  StepLoop best{begin, end - begin, 1};
  size_t bestSaved = 0;
  for (size_t period = 1; period <= std::min((end - begin) / 2, maxPeriod); ++period) {
    // Offsets of step i grow by the same amount from round to round.
    auto isNext = [&](size_t i) { return steps[i].kind == steps[i + period].kind; };
    auto isSteady = [&](size_t i) {
      for (size_t k = 0; k < steps[i].offsets.size(); ++k)
        if (steps[i].offsets[k] - steps[i - period].offsets[k] != steps[i + period].offsets[k] - steps[i].offsets[k])
          return false;
      return true;
    };
    size_t from = begin;
    while (from + 2 * period <= end) {
      size_t to = from;
      while (to + period < end && isNext(to) && (to < from + period || isSteady(to)))
        ++to;
      size_t rounds = (to - from) / period + 1;
      if (rounds > 1 && (rounds - 1) * period > bestSaved) {
        bestSaved = (rounds - 1) * period;
        best = {from, period, rounds};
      }
      // Where the offsets change their pace, a new loop can begin a round earlier.
      from = to > from + period ? to - period + 1 : to + 1;
    }
  }
  return best;
}

static void split(const std::vector<FlatStep> &steps, size_t begin, size_t end, std::vector<StepLoop> &loops) {
  // Two stacks would do as well; the depth is that of what is left at the ends, and each level takes away a loop.
  llvm::SmallVector<std::pair<size_t, size_t>> pending = {{begin, end}};
  while (!pending.empty()) {
    auto [from, to] = pending.pop_back_val();
    if (from == to)
      continue;
    StepLoop best = findBest(steps, from, to);
    loops.push_back(best);
    if (best.count == 1)
      continue;
    pending.push_back({from, best.begin});
    pending.push_back({best.begin + best.period * best.count, to});
  }
}

std::vector<StepLoop> thimble::schedule::findLoops(const std::vector<FlatStep> &steps) {
  std::vector<StepLoop> loops;
  split(steps, 0, steps.size(), loops);
  llvm::sort(loops, [](const StepLoop &a, const StepLoop &b) { return a.begin < b.begin; });
  return loops;
}
