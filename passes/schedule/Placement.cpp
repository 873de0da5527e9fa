// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// First-fit packing of live ranges in several orders, improved by local search.
#include "passes/schedule/Placement.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <map>
#include <numeric>
#include <random>

using namespace thimble;

using Order = std::vector<size_t>;

int64_t thimble::lowerBound(llvm::ArrayRef<Item> items) {
  // The sum changes only where an item begins: it is enough to look there. The arena is a multiple of 4; wider alignments may
  // cost nothing.
  int64_t bound = 0;
  for (const Item &at : items) {
    int64_t sum = 0;
    for (const Item &item : items)
      if (item.first <= at.first && at.first <= item.last)
        sum += int64_t(llvm::alignTo(uint64_t(item.bytes), 4));
    bound = std::max(bound, sum);
  }
  return bound;
}

// Places items one after the other, each at the lowest offset that is free during its life.
static Placement firstFit(llvm::ArrayRef<Item> items, const Order &order) {
  Placement result;
  result.offsets.assign(items.size(), 0);
  std::vector<size_t> placed; // sorted by offset
  for (size_t index : order) {
    const Item &item = items[index];
    int64_t offset = 0;
    for (size_t other : placed) {
      if (!item.overlaps(items[other]))
        continue;
      if (offset + item.bytes <= result.offsets[other])
        break;
      int64_t end = result.offsets[other] + items[other].bytes;
      offset = std::max(offset, int64_t(llvm::alignTo(uint64_t(end), uint64_t(item.alignment))));
    }
    result.offsets[index] = offset;
    result.height = std::max(result.height, offset + item.bytes);
    auto place = llvm::upper_bound(placed, offset, [&](int64_t value, size_t other) { return value < result.offsets[other]; });
    placed.insert(place, index);
  }
  return result;
}

Placement thimble::place(llvm::ArrayRef<Item> items, int64_t attempts) {
  int64_t bound = lowerBound(items);
  Order program(items.size());
  std::iota(program.begin(), program.end(), size_t(0));
  auto sortedBy = [&](auto key) {
    Order order = program;
    llvm::sort(order, [&](size_t a, size_t b) {
      int64_t keyA = key(items[a]), keyB = key(items[b]);
      return keyA != keyB ? keyA > keyB : a < b;
    });
    return order;
  };
  std::vector<Order> starts = {sortedBy([](const Item &item) { return item.bytes; }),
                               sortedBy([](const Item &item) { return item.bytes * (item.last - item.first + 1); }),
                               sortedBy([](const Item &item) { return item.last - item.first; }), program};
  Placement best;
  Order bestOrder;
  for (const Order &order : starts) {
    Placement candidate = firstFit(items, order);
    if (bestOrder.empty() || candidate.height < best.height) {
      best = candidate;
      bestOrder = order;
    }
  }
  // An item that reaches the top is moved to a random earlier turn. The generator's sequence is fixed by the standard.
  std::mt19937 random(1);
  Order order = bestOrder;
  Placement current = best;
  for (int64_t attempt = 0; attempt < attempts && best.height > bound; ++attempt) {
    Order next = order;
    size_t top = 0;
    for (size_t i = 0; i < next.size(); ++i)
      if (current.offsets[next[i]] + items[next[i]].bytes == current.height)
        top = i;
    size_t target = top == 0 ? random() % next.size() : random() % top;
    std::rotate(next.begin() + std::min(target, top), next.begin() + top, next.begin() + top + 1);
    if (random() % 4 == 0)
      std::swap(next[random() % next.size()], next[random() % next.size()]);
    Placement candidate = firstFit(items, next);
    if (candidate.height <= current.height) {
      order = next;
      current = candidate;
    }
    if (candidate.height < best.height)
      best = candidate;
  }
  return best;
}
