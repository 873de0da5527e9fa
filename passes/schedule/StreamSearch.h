// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which parts of a program to stream so that it stays below a number of bytes, at the least cost.
#pragma once

#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/StreamPart.h"
#include <map>

namespace thimble::schedule {

/// A part to stream: the calls [first, last], counted in the order of the program.
struct StreamChoice {
  size_t first, last;
  StreamGrain grain;
  int64_t bytes; // of memory while it runs, as estimated
  StreamCost cost;
};

/// Searches over all cuts of an ordered program into calls and streamed parts. Memory is what is live during each of them, with
/// outputs over inputs where the kernels allow it: the bytes that a plan in this order needs at least.
class StreamSearch {
public:
  /// `program` has its order, and must stay as it is during the life of this object. `costs` is shared with searches of programs alike.
  explicit StreamSearch(mcu::ProgramOp program, std::shared_ptr<StreamCosts> costs = nullptr);

  /// The cheapest choice that stays within `bytes`; nothing if there is none.
  std::optional<std::vector<StreamChoice>> find(int64_t bytes);
  /// The least number of bytes for which find() succeeds, in words; a large one if it never does.
  int64_t findLeast();
  /// What every execution needs, whatever the order of the calls: the caller's inputs and outputs, the operands of calls that cannot be
  /// cut, and what others read as a whole, such as keys and values.
  int64_t boundForAllOrders() const;
  /// The same where the calls [first, last] are computed in strips of columns, however many: what they read must be whole until the
  /// last strip, and their result is there since the first one.
  int64_t boundForStrips(size_t first, size_t last) const;

private:
  struct Interval {
    std::optional<StreamPart> part;
    int64_t outside = 0;               // bytes that are live beside the part's own
    std::vector<StreamChoice> options; // the first one needs least memory
    bool isComplete = false;
  };
  Interval &get(size_t first, size_t last);
  void complete(Interval &interval, size_t first, size_t last);
  bool addOption(Interval &interval, size_t first, size_t last, StreamGrain grain); // whether slack could change it
  void measureCalls();
  int64_t boundWithout(size_t first, size_t end) const;
  int64_t bytesOf(llvm::ArrayRef<mlir::Value> operands) const;

  mcu::ProgramOp program;
  std::shared_ptr<StreamCosts> costs;
  std::vector<mcu::CallOp> calls;
  mcu::BufferParts parts;
  struct Live {
    mcu::BufferOp buffer;
    int64_t first, last, bytes;
  };
  std::vector<Live> buffers;
  std::vector<int64_t> plain;
  std::map<std::pair<size_t, size_t>, Interval> intervals;
};

} // namespace thimble::schedule
