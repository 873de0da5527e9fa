// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What each byte of the arena holds while a plan is executed symbolically.
#pragma once

#include <cstdint>
#include <algorithm>
#include <map>
#include <optional>

namespace thimble::schedule {

struct ByteRange {
  int64_t begin, end;
  bool intersects(const ByteRange &other) const { return begin < other.end && other.begin < end; }
  bool operator==(const ByteRange &other) const { return begin == other.begin && end == other.end; }
};

/// Bytes in a row that come from neighbouring places of one source: the byte at `address` is number address - shift of it.
struct Content {
  const void *source;
  int64_t shift;
  bool operator==(const Content &other) const { return source == other.source && shift == other.shift; }
};

/// A map from ranges of addresses to what is there.
class ByteContents {
public:
  void write(ByteRange range, Content content);
  /// What the byte at `address` holds; nothing if nobody wrote it.
  std::optional<Content> at(int64_t address) const;
  /// The first byte of `range` that does not hold `expected`; range.end if all do.
  int64_t findOther(ByteRange range, Content expected) const;
  /// Calls `look` with each piece of `range` that was written.
  template <typename Look> void forEach(ByteRange range, Look look) const {
    for (auto piece = firstAt(range.begin); piece != pieces.end() && piece->first < range.end; ++piece)
      look(ByteRange{std::max(piece->first, range.begin), std::min(piece->second.end, range.end)}, piece->second.content);
  }
  /// Moves what is in `range` to `to` on, where it may overlap.
  void move(ByteRange range, int64_t to);

private:
  struct Piece {
    int64_t end;
    Content content;
  };
  using Pieces = std::map<int64_t, Piece>; // by begin; disjoint
  Pieces::const_iterator firstAt(int64_t address) const;
  void split(int64_t address);

  Pieces pieces;
};

} // namespace thimble::schedule
