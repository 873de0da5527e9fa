// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Packing of live ranges: soundness on random sets, optimality on small ones by exhaustive search.
#include "support.h"
#include <algorithm>
#include <catch2/catch.hpp>

using namespace thimble::schedule;

// True if `item` at `offset` and `other` at `otherOffset` may be so.
static bool areCompatible(const PlacementProblem &problem, size_t a, int64_t offsetA, size_t b, int64_t offsetB) {
  const Item &itemA = problem.items[a], &itemB = problem.items[b];
  if (!itemA.overlaps(itemB) || offsetA + itemA.bytes <= offsetB || offsetB + itemB.bytes <= offsetA)
    return true;
  for (const Overlap &overlap : problem.overlaps) {
    if (overlap.input == a && overlap.output == b)
      return offsetB + overlap.distance <= offsetA;
    if (overlap.input == b && overlap.output == a)
      return offsetA + overlap.distance <= offsetB;
  }
  return false;
}

static void requireSound(const PlacementProblem &problem, const Placement &placement) {
  REQUIRE(placement.offsets.size() == problem.items.size());
  for (size_t i = 0; i < problem.items.size(); ++i) {
    REQUIRE(placement.offsets[i] >= 0);
    REQUIRE(placement.offsets[i] % problem.items[i].alignment == 0);
    REQUIRE(placement.offsets[i] + problem.items[i].bytes <= placement.height);
    for (size_t j = 0; j < i; ++j)
      REQUIRE(areCompatible(problem, i, placement.offsets[i], j, placement.offsets[j]));
  }
}

// The least height over all offsets that are multiples of `step`: nothing clever.
static int64_t leastHeight(const PlacementProblem &problem, int64_t step, int64_t upper) {
  int64_t best = upper;
  std::vector<int64_t> offsets(problem.items.size());
  auto descend = [&](auto &&self, size_t index, int64_t height) -> void {
    if (height >= best)
      return;
    if (index == problem.items.size()) {
      best = height;
      return;
    }
    for (int64_t offset = 0; offset + problem.items[index].bytes < best; offset += step) {
      bool fits = true;
      for (size_t other = 0; other < index && fits; ++other)
        fits = areCompatible(problem, index, offset, other, offsets[other]);
      if (!fits)
        continue;
      offsets[index] = offset;
      self(self, index + 1, std::max(height, offset + problem.items[index].bytes));
    }
  };
  descend(descend, 0, 0);
  return best;
}

TEST_CASE("placements are sound and not below the bound", "[schedule]") {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    PlacementProblem problem = randomProblem(random, 1 + random() % 40, 12, 20, round % 2 == 1);
    Placement placement = place(problem, 300);
    requireSound(problem, placement);
    REQUIRE(placement.height >= lowerBound(problem));
  }
}

TEST_CASE("small placements are as low as exhaustive search", "[schedule]") {
  std::mt19937 random(11);
  int aboveBound = 0;
  for (int round = 0; round < 1200; ++round) {
    PlacementProblem problem = randomProblem(random, 6, 5, 5, round % 2 == 1);
    Placement placement = place(problem, 1000000);
    requireSound(problem, placement);
    REQUIRE(placement.isLeast);
    INFO("round " << round);
    REQUIRE(placement.height == leastHeight(problem, 4, placement.height + 1));
    aboveBound += placement.height > lowerBound(problem);
  }
  REQUIRE(aboveBound > 0); // else the search was never needed
}

TEST_CASE("branch and bound finds what no first fit by local search starts from", "[schedule]") {
  // Full at every step: each of these fits the bound only in one way up to mirroring.
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    // Cut a rectangle of 8 steps and 64 bytes into guillotine pieces; their least height is 64.
    struct Piece {
      int64_t first, last, low, high;
    };
    std::vector<Piece> pieces = {{0, 7, 0, 16}};
    while (pieces.size() < 14) {
      size_t index = random() % pieces.size();
      Piece piece = pieces[index];
      if (random() % 2 == 0 && piece.last > piece.first) {
        int64_t cut = piece.first + int64_t(random() % uint64_t(piece.last - piece.first));
        pieces[index].last = cut;
        pieces.push_back({cut + 1, piece.last, piece.low, piece.high});
      } else if (piece.high - piece.low > 1) {
        int64_t cut = piece.low + 1 + int64_t(random() % uint64_t(piece.high - piece.low - 1));
        pieces[index].high = cut;
        pieces.push_back({piece.first, piece.last, cut, piece.high});
      }
    }
    PlacementProblem problem;
    for (const Piece &piece : pieces)
      problem.items.push_back({piece.first, piece.last, 4 * (piece.high - piece.low), 4});
    REQUIRE(lowerBound(problem) == 64);
    Placement placement = place(problem, 10000000);
    requireSound(problem, placement);
    REQUIRE(placement.height == 64);
  }
}

TEST_CASE("an output lies over its input from its distance on", "[schedule]") {
  PlacementProblem problem{{{0, 1, 100, 4}, {1, 2, 200, 4}}, {{0, 1, 20}}};
  Placement placement = place(problem, 1000);
  requireSound(problem, placement);
  REQUIRE(placement.height == 200);
  problem.overlaps[0].distance = 140;
  REQUIRE(place(problem, 1000).height == 240);
  problem.overlaps.clear();
  REQUIRE(place(problem, 1000).height == 300);
}

TEST_CASE("an empty program needs nothing", "[schedule]") {
  REQUIRE(place({}, 10).height == 0);
  REQUIRE(lowerBound({}) == 0);
}

TEST_CASE("the bound counts items that are live together", "[schedule]") {
  PlacementProblem problem{{{0, 1, 10, 4}, {1, 2, 20, 4}, {2, 3, 30, 4}}, {}};
  REQUIRE(lowerBound(problem) == 52); // 20 + 32, in words
  REQUIRE(place(problem, 0).height <= 52);
}
