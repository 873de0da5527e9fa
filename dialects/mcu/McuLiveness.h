// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// When each buffer of a program holds data that is still needed, in the order of its calls.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Sequence.h"
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

/// Bytes of a buffer that the calls touch together or not at all, and the calls during which they must keep their memory.
struct BufferPart {
  LiveRange range;
  int64_t begin, end; // in the buffer
};

/// The buffers of a program cut where their views begin and end. Those that are fed are never live.
class BufferParts {
public:
  explicit BufferParts(ProgramOp program);

  /// All parts: buffers in the order in which the program lists them, the parts of one by where they begin.
  llvm::ArrayRef<BufferPart> all() const { return parts; }
  /// The parts that `memory` covers, as indices into all(); none for constants.
  llvm::iota_range<size_t> indicesOf(mlir::Value memory) const;
  llvm::ArrayRef<BufferPart> of(mlir::Value memory) const;

private:
  std::vector<BufferPart> parts;
  llvm::DenseMap<mlir::Operation *, std::pair<size_t, size_t>> partsOf; // of each buffer: from, to
};

/// The range of every buffer, in the order in which the program lists the buffers: from the first to the last use of any part.
std::vector<LiveRange> computeLiveRanges(ProgramOp program);

} // namespace thimble::mcu
