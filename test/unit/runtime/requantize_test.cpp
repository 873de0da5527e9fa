// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tmb_requantize against exact arithmetic.
#include "support.h"
#include "thimble/tmb_requant.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

static int32_t saturated(int32_t acc, int32_t multiplier, int32_t shift, int32_t zeroPoint) {
  return tmb_clamp_s32(tmb_requantize(acc, multiplier, shift, zeroPoint), -128, 127);
}

TEST_CASE("requantize rounds ties toward plus infinity", "[runtime][requantize]") {
  const int32_t half = INT32_C(1) << 30;       // 2^30 * 2^-32 = 1/4; with shift 1, one half
  CHECK(tmb_requantize(2, half, 0, 0) == 1);   // 0.5
  CHECK(tmb_requantize(-2, half, 0, 0) == 0);  // -0.5
  CHECK(tmb_requantize(6, half, 0, 0) == 2);   // 1.5
  CHECK(tmb_requantize(-6, half, 0, 0) == -1); // -1.5
  CHECK(tmb_requantize(1, half, 1, 0) == 1);
  CHECK(tmb_requantize(-1, half, 1, 0) == 0);
  CHECK(tmb_requantize(-3, half, 1, 10) == 9);
  CHECK(tmb_requantize(-2, half + 1, 0, 0) == -1); // just below the tie
  CHECK(tmb_requantize(2, half - 1, 0, 0) == 0);
  CHECK(tmb_requantize(0, half, 0, -128) == -128);
}

TEST_CASE("requantize at the ends of the range", "[runtime][requantize]") {
  for (int32_t acc : {INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX})
    for (int32_t multiplier : {0, 1, 1 << 30, (1 << 30) + 1, INT32_MAX})
      for (int32_t zeroPoint : {-128, 0, 127}) {
        CAPTURE(acc, multiplier, zeroPoint);
        CHECK(tmb_requantize(acc, multiplier, 0, zeroPoint) ==
              exactRequantize(acc, multiplier, 0, zeroPoint, INT32_MIN, INT32_MAX));
        if (multiplier >= 1 << 30)
          for (int32_t shift = 1; shift <= 30; ++shift) {
            CAPTURE(shift);
            CHECK(saturated(acc, multiplier, shift, zeroPoint) == exactRequantize(acc, multiplier, shift, zeroPoint));
          }
      }
}

TEST_CASE("requantize equals exact arithmetic", "[runtime][requantize]") {
  Random random(1);
  bool equal = true;
  for (int i = 0; i < 200000; ++i) {
    const int32_t shift = random.integer(0, 20);
    const int32_t multiplier = shift > 0 ? random.integer(1 << 30, INT32_MAX) : random.integer(0, INT32_MAX);
    const int32_t acc = static_cast<int32_t>(random.bits()) >> random.integer(0, 31);
    const int32_t zeroPoint = random.integer(-128, 127);
    equal &= saturated(acc, multiplier, shift, zeroPoint) == exactRequantize(acc, multiplier, shift, zeroPoint);
  }
  CHECK(equal);
}

TEST_CASE("requantize_s8 covers all inputs and works in place", "[runtime][requantize]") {
  Random random(2);
  for (int round = 0; round < 200; ++round) {
    tmb_requantize_params p = {};
    p.count = 256;
    p.in_zero_point = random.integer(-128, 127);
    p.out_zero_point = random.integer(-128, 127);
    p.shift = random.integer(0, 4);
    p.multiplier = p.shift > 0 ? random.integer(1 << 30, INT32_MAX) : random.integer(0, INT32_MAX);
    std::vector<int8_t> x(256), expected(256);
    for (int32_t i = 0; i < 256; ++i) {
      x[i] = static_cast<int8_t>(i - 128);
      expected[i] = static_cast<int8_t>(exactRequantize(x[i] - p.in_zero_point, p.multiplier, p.shift, p.out_zero_point));
    }
    tmb_requantize_s8(x.data(), x.data(), &p);
    REQUIRE(x == expected);
  }
}
