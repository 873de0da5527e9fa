// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What leaves the arena for a slower memory, apart from MLIR so that it can be tested by itself.
#pragma once

#include "passes/schedule/Placement.h"
#include <optional>
#include <vector>

namespace thimble::schedule {

/// A way in which an item leaves: between two steps, both included. If that is not all of its life, the rest of it remains as an item
/// before and one behind.
struct SpillWay {
  int64_t cost, first, last;
};

struct SpillProblem {
  PlacementProblem inside;                // with all items; those with ways of a part of their life have no parts
  std::vector<std::vector<SpillWay>> ways; // of each item; none: it must stay
  int64_t budget, outsideBudget;          // bytes of both memories
};

struct SpillChoice {
  std::vector<int> ways; // of each item the number of its way; -1: it stays
  int64_t cost = 0;
  bool isLeast = false; // no choice that fits costs less
};

struct SpillLimits {
  int64_t work = 100'000'000;    // looks at items
  int64_t placements = 60;       // that are tried
  int64_t placeWork = 2'000'000; // of each, see place()
};

/// What is inside, and outside, after a choice.
PlacementProblem insideOf(const SpillProblem &problem, const std::vector<int> &ways);
PlacementProblem outsideOf(const SpillProblem &problem, const std::vector<int> &ways);

/// The cheapest choice with which both memories keep their budgets: branch and bound over the items that are live at the step that is
/// too full, then improvement item by item if a limit ended the search. Nothing if none was found. Deterministic.
std::optional<SpillChoice> searchSpills(const SpillProblem &problem, const SpillLimits &limits = {});

} // namespace thimble::schedule
