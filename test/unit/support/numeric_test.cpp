// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Requantization factors against exact arithmetic.
#include "compiler/support/Numeric.h"
#include "thimble/tmb_requant.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace thimble;

TEST_CASE("requantization factors are the nearest", "[numeric]") {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> exponent(-18, 10);
  for (int round = 0; round < 2000; ++round) {
    double factor = std::exp2(exponent(random));
    auto requant = makeRequantFactor(factor);
    REQUIRE(mlir::succeeded(requant));
    REQUIRE(requant->multiplier >= 0);
    REQUIRE(requant->shift >= 0);
    double held = std::ldexp(double(requant->multiplier), requant->shift - 32);
    REQUIRE(std::abs(held - factor) <= std::ldexp(0.5, requant->shift - 32));
    if (factor < 0.5)
      REQUIRE(requant->shift == 0);
  }
}

TEST_CASE("requantization of accumulators is exact to one rounding", "[numeric]") {
  std::mt19937_64 random(6);
  for (int round = 0; round < 20000; ++round) {
    double factor = std::exp2(-2.0 - double(random() % 12));
    auto requant = makeRequantFactor(factor);
    int32_t acc = int32_t(random()), zeroPoint = int32_t(random() % 256) - 128;
    // Powers of two are held exactly, so the result is floor(acc * factor + zero point + 1/2).
    int64_t expected = int64_t(std::floor(acc * factor + zeroPoint + 0.5));
    REQUIRE(tmb_requantize(acc, requant->multiplier, requant->shift, zeroPoint) == expected);
  }
}

TEST_CASE("factors that cannot be held are refused", "[numeric]") {
  REQUIRE(mlir::failed(makeRequantFactor(-1)));
  REQUIRE(mlir::failed(makeRequantFactor(std::nan(""))));
  REQUIRE(mlir::failed(makeRequantFactor(INFINITY)));
  REQUIRE(mlir::failed(makeRequantFactor(1e9)));
  REQUIRE(mlir::succeeded(makeRequantFactor(0)));
}

TEST_CASE("one shift serves all channels of a layer", "[numeric]") {
  auto shift = commonRequantShift({0.001, 3.0, 0.25});
  REQUIRE(mlir::succeeded(shift));
  REQUIRE(*shift == 3); // 3.0 needs 2^3 > 2 * 3.0
  REQUIRE(makeRequantFactor(0.001, *shift)->shift == *shift);
}

TEST_CASE("16-bit floats", "[numeric]") {
  REQUIRE(halfToFloat(0x3C00) == 1.0f);
  REQUIRE(halfToFloat(0xC000) == -2.0f);
  REQUIRE(bfloat16ToFloat(0x3F80) == 1.0f);
}
