// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Packing of live ranges: soundness on random sets, optimality on small ones by exhaustive search.
#include "passes/schedule/Placement.h"
#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

using namespace thimble;

static void requireSound(const std::vector<Item> &items, const Placement &placement) {
  REQUIRE(placement.offsets.size() == items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    REQUIRE(placement.offsets[i] >= 0);
    REQUIRE(placement.offsets[i] % items[i].alignment == 0);
    REQUIRE(placement.offsets[i] + items[i].bytes <= placement.height);
    for (size_t j = 0; j < i; ++j)
      if (items[i].overlaps(items[j])) {
        bool isApart = placement.offsets[i] + items[i].bytes <= placement.offsets[j] ||
                       placement.offsets[j] + items[j].bytes <= placement.offsets[i];
        REQUIRE(isApart);
      }
  }
}

// Every placement that cannot be pushed down is a first fit of some order.
static int64_t leastHeight(const std::vector<Item> &items) {
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t(0));
  int64_t best = INT64_MAX;
  do {
    std::vector<Item> permuted;
    for (size_t index : order)
      permuted.push_back(items[index]);
    std::vector<int64_t> offsets(permuted.size());
    int64_t height = 0;
    for (size_t i = 0; i < permuted.size(); ++i) {
      int64_t offset = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (size_t j = 0; j < i; ++j)
          if (permuted[i].overlaps(permuted[j]) && offset < offsets[j] + permuted[j].bytes && offsets[j] < offset + permuted[i].bytes) {
            int64_t alignment = permuted[i].alignment;
            offset = (offsets[j] + permuted[j].bytes + alignment - 1) / alignment * alignment;
            moved = true;
          }
      }
      offsets[i] = offset;
      height = std::max(height, offset + permuted[i].bytes);
    }
    best = std::min(best, height);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

static std::vector<Item> randomItems(std::mt19937 &random, size_t count, int64_t steps) {
  std::vector<Item> items;
  for (size_t i = 0; i < count; ++i) {
    int64_t first = int64_t(random() % uint64_t(steps)), length = int64_t(random() % 4);
    items.push_back({first, std::min(first + length, steps - 1), 4 * int64_t(1 + random() % 20), 4});
  }
  return items;
}

TEST_CASE("placements are sound and not below the bound", "[schedule]") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Item> items = randomItems(random, 1 + random() % 40, 12);
    Placement placement = place(items, 300);
    requireSound(items, placement);
    REQUIRE(placement.height >= lowerBound(items));
  }
}

TEST_CASE("small placements are as low as exhaustive search", "[schedule]") {
  std::mt19937 random(11);
  int optimal = 0, rounds = 60;
  for (int round = 0; round < rounds; ++round) {
    std::vector<Item> items = randomItems(random, 6, 6);
    Placement placement = place(items, 500);
    int64_t least = leastHeight(items);
    REQUIRE(placement.height >= least);
    optimal += placement.height == least;
  }
  REQUIRE(optimal == rounds);
}

TEST_CASE("an empty program needs nothing", "[schedule]") {
  REQUIRE(place({}, 10).height == 0);
  REQUIRE(lowerBound({}) == 0);
}

TEST_CASE("the bound counts items that are live together", "[schedule]") {
  std::vector<Item> items = {{0, 1, 10, 4}, {1, 2, 20, 4}, {2, 3, 30, 4}};
  REQUIRE(lowerBound(items) == 52); // 20 + 32, aligned
  REQUIRE(place(items, 0).height <= 52);
}
