// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Transposition in place and not, and rows that slide.
#include "thimble/tmb_kernels.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

static void checkTranspose(int32_t rows, int32_t blocks, int32_t block, int32_t bytes, bool isInPlace, uint32_t seed) {
  tmb_transpose_params params{rows, blocks * block, block, bytes};
  std::mt19937 random(seed);
  size_t size = size_t(rows) * size_t(params.cols) * size_t(bytes);
  std::vector<uint64_t> x(size / 8 + 1), y(size / 8 + 1, 0);
  for (uint64_t &word : x)
    word = uint64_t(random()) << 32 | random();
  const std::vector<uint64_t> original = x;
  size_t scratchBytes = size_t(rows * block * bytes + (rows * blocks + 7) / 8);
  std::vector<uint64_t> scratch(scratchBytes / 8 + 2, 0xA5A5A5A5A5A5A5A5u);
  std::vector<uint64_t> &out = isInPlace ? x : y;
  tmb_transpose(x.data(), out.data(), scratch.data(), &params);
  const char *from = reinterpret_cast<const char *>(original.data()), *to = reinterpret_cast<const char *>(out.data());
  for (int32_t r = 0; r < rows; ++r)
    for (int32_t c = 0; c < params.cols; ++c)
      REQUIRE(std::memcmp(from + (r * params.cols + c) * bytes, to + (c * rows + r) * bytes, size_t(bytes)) == 0);
  if (!isInPlace)
    CHECK(x == original);
  const char *end = reinterpret_cast<const char *>(scratch.data()) + scratchBytes;
  CHECK(uint8_t(*end) == 0xA5);
}

TEST_CASE("transpose agrees with its definition, in place too") {
  std::mt19937 random(5);
  auto pick = [&](int32_t low, int32_t high) { return low + int32_t(random() % uint32_t(high - low + 1)); };
  for (uint32_t seed = 0; seed < 400; ++seed) {
    int32_t bytes = 1 << pick(0, 3);
    CAPTURE(seed);
    checkTranspose(pick(1, 7), pick(1, 12), pick(1, 20), bytes, seed % 2 == 0, seed);
  }
  checkTranspose(3, 64, 144, 1, true, 1);
}

TEST_CASE("slide moves rows to the front, whatever the distance") {
  for (int32_t bytes = 0; bytes < 70; ++bytes)
    for (int32_t distance : {1, 2, 3, 4, 15, 16, 17, 40}) {
      std::vector<uint8_t> memory(size_t(bytes + distance + 1));
      for (size_t i = 0; i < memory.size(); ++i)
        memory[i] = uint8_t(i * 7 + 3);
      std::vector<uint8_t> expected = memory;
      std::memmove(expected.data(), expected.data() + distance, size_t(bytes));
      tmb_slide_params params{bytes, distance};
      tmb_slide(memory.data(), &params);
      CAPTURE(bytes, distance);
      CHECK(memory == expected);
    }
}
