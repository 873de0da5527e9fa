// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Packing of live ranges into an arena, apart from MLIR so that it can be tested by itself.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace thimble::schedule {

/// Bytes of an item that it needs for a part of its life only.
struct ItemPart {
  int64_t begin, bytes; // within the item
  int64_t first, last;

  bool overlaps(const ItemPart &other) const { return first <= other.last && other.first <= last; }
};

/// Something that needs `bytes` from step `first` to step `last`, both included, at a multiple of `alignment`. With `parts`, which
/// are disjoint, it needs no more than these.
struct Item {
  int64_t first, last;
  int64_t bytes;
  int64_t alignment;
  std::vector<ItemPart> parts = {};

  bool overlaps(const Item &other) const { return first <= other.last && other.first <= last; }
};

/// Bytes of an item; all by default.
struct ItemRange {
  int64_t begin = 0, bytes = -1;
};

/// `output` begins in the step in which `input` ends, and may share bytes with it if it starts `distance` bytes or more before it.
/// Of items with parts, this holds for the ranges, which are unions of parts.
struct Overlap {
  size_t input, output;
  int64_t distance;
  ItemRange inputRange = {}, outputRange = {};
};

struct PlacementProblem {
  std::vector<Item> items;
  std::vector<Overlap> overlaps;
};

struct Placement {
  std::vector<int64_t> offsets; // one for each item
  int64_t height = 0;           // bytes of the arena
  bool isLeast = false;         // no placement is lower: it meets the bound, or the search went through all
};

/// The largest number of bytes of items that are live at one step, rounded up to 4 each. No placement is lower.
int64_t lowerBound(const PlacementProblem &problem);

/// A placement in which items that are live together are apart or overlap as allowed. First-fit in several orders, improved by local
/// search, a beam search along time, then canonical branch and bound after MiniMalloc (Moffitt, ASPLOS 2023): items are placed by rising offset, each at its
/// lowest feasible one, and a partial placement is left when what remains at some step does not fit above what is placed there. Branch
/// and bound takes items with parts as a whole, so that only the bound proves then that a placement is least.
/// `work` limits the last two: 100 million take about two seconds on a hard problem. Deterministic.
Placement place(const PlacementProblem &problem, int64_t work);

/// True if branch and bound shows that no placement of items without parts is as low as `height`. False if it found one, or gave up
/// after `work`. What it took is subtracted from `left`.
bool isImpossible(const PlacementProblem &problem, int64_t height, int64_t work, int64_t &left);

/// Where one item may not start, given another one that has its place: the open interval (below, above).
struct Forbidden {
  int64_t below, above;
};

/// What both searches know about pairs of items.
class Pairs {
public:
  explicit Pairs(const PlacementProblem &problem);

  /// Items that are live at some step of `item`'s life.
  llvm::ArrayRef<size_t> neighbours(size_t item) const { return neighbourLists[item]; }
  /// Adds the offsets of `item` that are forbidden by `other` at `offset`.
  void forbid(size_t item, size_t other, int64_t offset, llvm::SmallVectorImpl<Forbidden> &intervals) const;
  /// The lowest offset from `least` on that none of the neighbours in `isPlaced` forbids.
  int64_t lowestOffset(size_t item, llvm::ArrayRef<int64_t> offsets, const std::vector<char> &isPlaced, int64_t least) const;

private:
  void forbidParts(size_t item, size_t other, int64_t offset, llvm::SmallVectorImpl<Forbidden> &intervals) const;

  const PlacementProblem &problem;
  std::vector<std::vector<size_t>> neighbourLists;
  std::vector<llvm::SmallVector<size_t, 2>> overlapsOf; // of each item, as input or output
};

/// Looks for placements between `bound` and `best`, which it improves, by a beam search along time, forward and backward.
void improveBySweeping(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, int64_t work, Placement &best);

/// Branch and bound below `best`, which it improves; sets isLeast if it went through all.
void improveByBranchAndBound(const PlacementProblem &problem, const Pairs &pairs, int64_t bound, int64_t work, Placement &best);

} // namespace thimble::schedule
