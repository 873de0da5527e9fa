// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Order and offsets together, apart from MLIR so that it can be tested by itself.
#pragma once

#include "passes/schedule/OrderSearch.h"

namespace thimble::schedule {

struct JointResult {
  std::vector<size_t> order;
  int64_t height = 0; // of the arena when its buffers are placed
  int64_t bound = 0;  // no order and no placement needs less
  int64_t states = 0; // sets of tasks that the search for orders visited
  int64_t orders = 0; // that were placed
};

struct JointLimits {
  int64_t states = 500'000;      // see searchOrder
  int64_t work = 10'000'000;     // of a placement, see place()
  size_t orders = 60;            // to place, if the first one does not meet the bound
  size_t sets = 4000;            // of executed tasks, when the bound is raised
  size_t ways = 2000;            // through a stretch between two sets through which all orders pass
  int64_t proofTasks = 2'000'000; // in all ways that are looked at
  int64_t proofWork = 1'000'000; // of branch and bound for each way
  int64_t allProofs = 50'000'000; // of branch and bound in all
};

/// An order with the least peak, placed. Where buffers cannot be placed as low as that peak, other orders are tried, first those with
/// the same peak, then up to the least height known. What is left of the gap is closed from below as far as possible: a height is
/// impossible if all orders with no higher peak have a stretch in common of which branch and bound shows, for each way through it, that
/// what is alive there cannot be placed, even with every kernel's sharing at will. Deterministic.
JointResult searchJointly(const MemoryGraph &graph, const std::vector<size_t> &given, const JointLimits &limits = {});

} // namespace thimble::schedule
