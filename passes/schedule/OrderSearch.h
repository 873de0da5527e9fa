// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order of execution that needs the least memory, apart from MLIR so that it can be tested by itself.
#pragma once

#include "passes/schedule/Placement.h"
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace thimble::schedule {

/// Tasks that touch buffers. A buffer is alive from the first task that touches it (inputs: from the start) to the last one
/// (outputs: to the end). Sizes are in bytes.
struct MemoryGraph {
  struct Buffer {
    int64_t bytes;
    bool isInput = false, isOutput = false;
    /// Buffers with one owner, which follow each other in the list, are parts of one piece of memory.
    std::optional<size_t> owner = std::nullopt;
  };
  using Parts = llvm::SmallVector<size_t, 1>;
  /// While the task runs, `outputs` may lie over `inputs` from `distance` bytes before them, if no other task needs any of the inputs
  /// any more and none has touched an output yet: together they take max(distance + input bytes, output bytes). Both are whole
  /// buffers or neighbouring parts.
  struct Share {
    Parts inputs, outputs;
    int64_t distance;
  };
  struct Task {
    std::vector<size_t> touches; // distinct buffers that it reads, writes or works in
    std::vector<size_t> before;  // tasks that must run earlier
    std::vector<Share> shares;   // at most one of these is used
  };
  std::vector<Buffer> buffers;
  std::vector<Task> tasks;
};

/// Bytes that both buffers of `share` take less than two separate ones.
int64_t savedBytes(const MemoryGraph &graph, const MemoryGraph::Share &share);

/// The largest number of bytes alive while a task runs, or before the first and after the last. `order` respects `before`.
int64_t peakOf(const MemoryGraph &graph, const std::vector<size_t> &order);

struct OrderResult {
  std::vector<size_t> order;
  int64_t peak = 0;  // of `order`
  int64_t bound = 0; // no order has a lower peak; equal to `peak` unless the search was cut short
  int64_t states = 0;
};

/// An order with the least peak: a bottleneck-shortest path over the sets of tasks that can have run (Dijkstra with the key peak,
/// then most progress), after Liberis and Lane, "Neural networks on microcontrollers: saving memory at inference via operator
/// reordering" (2019). Exact reductions: a task that fits under the peak so far and leaves no more bytes alive runs at once; what a
/// task that all others come before or after separates is solved in turn; nothing is visited above a heuristic's peak. Beyond
/// `stateLimit` sets the best order found is returned, with the bound reached. If `given` is as good it is the result.
/// Deterministic.
OrderResult searchOrder(const MemoryGraph &graph, const std::vector<size_t> &given, int64_t stateLimit);

/// Up to `count` other orders whose peak is not above `peak`, found by random choices. Deterministic.
std::vector<std::vector<size_t>> findOtherOrders(const MemoryGraph &graph, int64_t peak, size_t count);

/// All orders there are; nothing if there are more than `most`.
std::optional<std::vector<std::vector<size_t>>> findAllOrders(const MemoryGraph &graph, size_t most);

/// The tasks that may run after those of `done` with no more than `peak` bytes alive meanwhile.
std::vector<size_t> readyWithin(const MemoryGraph &graph, const std::vector<size_t> &done, int64_t peak);

/// The live ranges of the buffers in `order`, to be placed: an item for each buffer, or for all parts of one piece of memory. Of the
/// shares of a task, which exclude each other, the first one that is possible is there, or all of them.
PlacementProblem makePlacementProblem(const MemoryGraph &graph, const std::vector<size_t> &order, bool takesAllShares = false);

} // namespace thimble::schedule
