// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between float32 and int8, and int8 addition and multiplication.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

TEST_CASE("quantize rounds halves to even and saturates", "[runtime][quantize]") {
  const std::vector<float> x = {0,    0.5f,  1.5f,   -0.5f,   -1.5f,     -0.49f,     126.49f, 126.5f,
                                1e9f, -1e9f, 127.5f, -128.6f, kInfinity, -kInfinity, kNaN,    -0.0f};
  const std::vector<int8_t> expected = {0, 0, 2, 0, -2, 0, 126, 126, 127, -128, 127, -128, 127, -128, 0, 0};
  const tmb_quantize_params p = {static_cast<int32_t>(x.size()), 1, 0};
  std::vector<int8_t> y(x.size());
  tmb_quantize_f32_s8(x.data(), y.data(), &p);
  CHECK(y == expected);
}

TEST_CASE("quantize and dequantize", "[runtime][quantize]") {
  Random random(90);
  for (int round = 0; round < 100; ++round) {
    const float scale = random.real(0.001f, 2.0f);
    tmb_quantize_params p = {200, 1 / scale, random.integer(-128, 127)};
    auto x = random.reals(200, -200 * scale, 200 * scale);
    x[7] = kNaN;
    std::vector<int8_t> y(200);
    tmb_quantize_f32_s8(x.data(), y.data(), &p);
    for (size_t i = 0; i < 200; ++i) {
      // The definition, with libm.
      const float product = x[i] * p.scale;
      const double q = std::isnan(x[i]) ? p.zero_point : static_cast<double>(std::nearbyint(product)) + p.zero_point;
      REQUIRE(y[i] == std::min(std::max(q, -128.0), 127.0));
    }
    alignas(4) uint8_t memory[200 * sizeof(float)];
    std::memcpy(memory, x.data(), sizeof memory);
    tmb_quantize_f32_s8(reinterpret_cast<const float *>(memory), reinterpret_cast<int8_t *>(memory), &p);
    REQUIRE(std::memcmp(memory, y.data(), 200) == 0);
    p.scale = scale;
    std::vector<float> back(200);
    tmb_dequantize_s8_f32(y.data(), back.data(), &p);
    for (size_t i = 0; i < 200; ++i)
      REQUIRE(back[i] == static_cast<float>(y[i] - p.zero_point) * scale);
  }
}

TEST_CASE("quantize inverts dequantize", "[runtime][quantize]") {
  std::vector<int8_t> x(256), y(256);
  for (int i = 0; i < 256; ++i)
    x[i] = static_cast<int8_t>(i - 128);
  for (int zeroPoint : {-128, -3, 0, 127})
    for (float scale : {0.0039f, 0.7f, 123.0f}) {
      std::vector<float> reals(256);
      tmb_quantize_params p = {256, scale, zeroPoint};
      tmb_dequantize_s8_f32(x.data(), reals.data(), &p);
      p.scale = 1 / scale;
      tmb_quantize_f32_s8(reals.data(), y.data(), &p);
      CHECK(x == y);
    }
}

namespace {

template <typename Params> struct Operands {
  Shape shape;
  Broadcast a, b;
  std::vector<int8_t> aValues, bValues;
  Operands(Random &random, bool broadcastA)
      : shape(randomShape(random, 4, 5)), a(random, shape, broadcastA), b(random, shape, true),
        aValues(random.bytes(a.count())), bValues(random.bytes(b.count())) {}
  Params params() const {
    Params p = {};
    p.rank = static_cast<int32_t>(shape.size());
    put(p.dims, shape);
    put(p.a_strides, a.strides);
    put(p.b_strides, b.strides);
    return p;
  }
};

} // namespace

TEST_CASE("add int8", "[runtime][quantize]") {
  Random random(91);
  for (int round = 0; round < 200; ++round) {
    Operands<tmb_add_s8_params> operands(random, round % 2 == 0);
    auto p = operands.params();
    const int32_t aZero = random.integer(-128, 127), bZero = random.integer(-128, 127), yZero = random.integer(-128, 127);
    p.shift = random.integer(1, 20);
    const int32_t limit = round % 3 == 0 ? 32767 : std::min(32767, 1 << p.shift);
    p.a_multiplier = random.integer(-limit, limit);
    p.b_multiplier = random.integer(-limit, limit);
    p.offset = yZero * (1 << p.shift) + (1 << (p.shift - 1)) - aZero * p.a_multiplier - bZero * p.b_multiplier;
    p.act_min = round % 5 == 0 ? -20 : -128;
    p.act_max = round % 7 == 0 ? 100 : 127;
    const int32_t count = elements(operands.shape);
    std::vector<int8_t> y(static_cast<size_t>(count));
    tmb_add_s8(operands.aValues.data(), operands.bValues.data(), y.data(), &p);
    for (int32_t i = 0; i < count; ++i) {
      const Shape at = coordinates(operands.shape, i);
      const double a = operands.aValues[dot(at, operands.a.strides)] - aZero;
      const double b = operands.bValues[dot(at, operands.b.strides)] - bZero;
      const double exact = std::floor((a * p.a_multiplier + b * p.b_multiplier) / std::ldexp(1.0, p.shift) + yZero + 0.5);
      REQUIRE(y[i] == std::min<double>(std::max<double>(exact, p.act_min), p.act_max));
    }
    if (round % 2) {
      tmb_add_s8(operands.aValues.data(), operands.bValues.data(), operands.aValues.data(), &p);
      REQUIRE(operands.aValues == y);
    }
  }
}

TEST_CASE("mul int8", "[runtime][quantize]") {
  Random random(92);
  for (int round = 0; round < 200; ++round) {
    Operands<tmb_mul_s8_params> operands(random, round % 2 == 0);
    auto p = operands.params();
    p.a_zero_point = random.integer(-128, 127);
    p.b_zero_point = random.integer(-128, 127);
    p.out_zero_point = random.integer(-128, 127);
    p.shift = round % 6 == 0 ? random.integer(1, 5) : 0;
    p.multiplier = p.shift ? random.integer(1 << 30, INT32_MAX) : random.integer(0, 1 << random.integer(20, 30));
    p.act_min = round % 5 == 0 ? p.out_zero_point : -128;
    p.act_max = 127;
    const int32_t count = elements(operands.shape);
    std::vector<int8_t> y(static_cast<size_t>(count));
    tmb_mul_s8(operands.aValues.data(), operands.bValues.data(), y.data(), &p);
    for (int32_t i = 0; i < count; ++i) {
      const Shape at = coordinates(operands.shape, i);
      const int64_t product = static_cast<int64_t>(operands.aValues[dot(at, operands.a.strides)] - p.a_zero_point) *
                              (operands.bValues[dot(at, operands.b.strides)] - p.b_zero_point);
      REQUIRE(y[i] == exactRequantize(product, p.multiplier, p.shift, p.out_zero_point, p.act_min, p.act_max));
    }
    if (round % 2) {
      tmb_mul_s8(operands.aValues.data(), operands.bValues.data(), operands.aValues.data(), &p);
      REQUIRE(operands.aValues == y);
    }
  }
}
