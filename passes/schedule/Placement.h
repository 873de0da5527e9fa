// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Packing of live ranges into an arena, apart from MLIR so that it can be tested by itself.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace thimble {

/// Something that needs `bytes` from step `first` to step `last`, both included, at a multiple of `alignment`.
struct Item {
  int64_t first, last;
  int64_t bytes;
  int64_t alignment;

  bool overlaps(const Item &other) const { return first <= other.last && other.first <= last; }
};

struct Placement {
  std::vector<int64_t> offsets; // one for each item
  int64_t height = 0;           // bytes of the arena
};

/// The largest sum of aligned sizes of items that are live at one step. No placement is lower.
int64_t lowerBound(llvm::ArrayRef<Item> items);

/// A placement in which no two overlapping items share a byte. Deterministic; tries at most `attempts` orders.
Placement place(llvm::ArrayRef<Item> items, int64_t attempts);

} // namespace thimble
