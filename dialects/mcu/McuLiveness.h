// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// When each buffer of a program holds data that is still needed, in the order of its calls.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include <string>
#include <vector>

namespace thimble::mcu {

/// The calls of a program, in order. A live range counts in indices into this list.
std::vector<CallOp> getCalls(ProgramOp program);

/// The kernels that a program calls, those of streamed parts included, sorted.
std::vector<std::string> getKernelNames(ProgramOp program);

/// The calls during which a buffer must keep its memory, both ends included. Inputs start at -1, before the first call; outputs
/// end at the number of calls, after the last one. A buffer that nothing touches and that the caller does not see has an empty
/// range.
struct LiveRange {
  BufferOp buffer;
  int64_t first;
  int64_t last;

  bool isEmpty() const { return first > last; }
  bool contains(int64_t call) const { return first <= call && call <= last; }
  bool overlaps(const LiveRange &other) const {
    return !isEmpty() && !other.isEmpty() && first <= other.last && other.first <= last;
  }
};

/// The range of every buffer, in the order in which the program lists the buffers.
std::vector<LiveRange> computeLiveRanges(ProgramOp program);

} // namespace thimble::mcu
