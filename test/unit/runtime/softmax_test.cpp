// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Softmax and layer normalization.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

TEST_CASE("softmax float32", "[runtime][softmax]") {
  Random random(50);
  for (int round = 0; round < 60; ++round) {
    const tmb_softmax_params p = {random.integer(1, 3), random.integer(1, 20), random.integer(1, 4)};
    const float range = round % 4 == 0 ? 500.0f : 5.0f;
    auto x = random.reals(static_cast<size_t>(p.outer * p.depth * p.inner), -range, range);
    std::vector<float> y(x.size()), logs(x.size());
    tmb_softmax_f32(x.data(), y.data(), &p);
    tmb_log_softmax_f32(x.data(), logs.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o)
      for (int32_t i = 0; i < p.inner; ++i) {
        const auto at = [&](int32_t d) { return static_cast<size_t>((o * p.depth + d) * p.inner + i); };
        double max = -1e30, sum = 0;
        for (int32_t d = 0; d < p.depth; ++d)
          max = std::max(max, static_cast<double>(x[at(d)]));
        for (int32_t d = 0; d < p.depth; ++d)
          sum += std::exp(static_cast<double>(x[at(d)]) - max);
        for (int32_t d = 0; d < p.depth; ++d) {
          const double log = static_cast<double>(x[at(d)]) - max - std::log(sum);
          REQUIRE(close(y[at(d)], std::exp(log), 1e-6));
          REQUIRE(close(logs[at(d)], log, 1e-6));
        }
      }
    std::vector<float> copy = x;
    tmb_softmax_f32(copy.data(), copy.data(), &p);
    REQUIRE(copy == y);
    tmb_log_softmax_f32(x.data(), x.data(), &p);
    REQUIRE(x == logs);
  }
}

TEST_CASE("softmax of large, masked and missing values", "[runtime][softmax]") {
  const float x[3] = {3e38f, -kInfinity, 3e38f};
  float y[3];
  const tmb_softmax_params p = {1, 3, 1};
  tmb_softmax_f32(x, y, &p);
  CHECK(y[0] == 0.5f);
  CHECK(y[1] == 0.0f);
  CHECK(y[2] == 0.5f);
  const float bad[3] = {1, kNaN, 2};
  tmb_softmax_f32(bad, y, &p);
  for (float v : y)
    CHECK(std::isnan(v));
  const tmb_softmax_params none = {2, 0, 2};
  y[0] = 7;
  tmb_softmax_f32(x, y, &none);
  tmb_log_softmax_f32(x, y, &none);
  CHECK(y[0] == 7);
}

static std::vector<uint32_t> exponentials(double scale) {
  std::vector<uint32_t> table(256);
  for (int d = 0; d < 256; ++d)
    table[d] = static_cast<uint32_t>(std::floor(65536 * std::exp(-d * scale) + 0.5));
  return table;
}

TEST_CASE("softmax int8", "[runtime][softmax]") {
  Random random(51);
  for (int round = 0; round < 100; ++round) {
    const tmb_softmax_params p = {random.integer(1, 3), random.integer(1, 300), random.integer(1, 3)};
    const double scale = static_cast<double>(random.real(0.001f, 0.3f));
    const auto table = exponentials(scale);
    auto x = random.bytes(static_cast<size_t>(p.outer * p.depth * p.inner), round % 5 == 0 ? 127 : -128, 127);
    std::vector<int8_t> y(x.size());
    tmb_softmax_s8(x.data(), table.data(), y.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o)
      for (int32_t i = 0; i < p.inner; ++i) {
        const auto at = [&](int32_t d) { return static_cast<size_t>((o * p.depth + d) * p.inner + i); };
        int32_t max = -128;
        int64_t sum = 0;
        double exactSum = 0;
        for (int32_t d = 0; d < p.depth; ++d)
          max = std::max<int32_t>(max, x[at(d)]);
        for (int32_t d = 0; d < p.depth; ++d) {
          sum += table[max - x[at(d)]];
          exactSum += std::exp((x[at(d)] - max) * scale);
        }
        for (int32_t d = 0; d < p.depth; ++d) {
          const int64_t rounded = (512 * static_cast<int64_t>(table[max - x[at(d)]]) + sum) / (2 * sum) - 128;
          REQUIRE(y[at(d)] == std::min<int64_t>(rounded, 127));
          const double real = std::exp((x[at(d)] - max) * scale) / exactSum;
          REQUIRE(std::fabs((y[at(d)] + 128) / 256.0 - real) < 1.01 / 256);
        }
      }
    tmb_softmax_s8(x.data(), table.data(), x.data(), &p);
    REQUIRE(x == y);
  }
}

TEST_CASE("softmax int8 at its largest depth", "[runtime][softmax]") {
  const tmb_softmax_params p = {1, 65535, 1};
  const auto table = exponentials(0.1);
  std::vector<int8_t> x(65535, 127), y(65535);
  tmb_softmax_s8(x.data(), table.data(), y.data(), &p);
  CHECK(y == std::vector<int8_t>(65535, -128));
  const tmb_softmax_params one = {1, 1, 1};
  tmb_softmax_s8(x.data(), table.data(), y.data(), &one);
  CHECK(y[0] == 127);
  const tmb_softmax_params ties = {1, 512, 1}; // 256 / 512: one half, up
  tmb_softmax_s8(x.data(), table.data(), y.data(), &ties);
  CHECK(y[0] == -127);
}

TEST_CASE("layer normalization of rows", "[runtime][softmax]") {
  Random random(52);
  for (int round = 0; round < 50; ++round) {
    const tmb_layer_norm_params p = {random.integer(0, 4), random.integer(1, 33), 1e-5f};
    const float offset = round % 2 ? 100.0f : 0.0f;
    auto x = random.reals(static_cast<size_t>(p.outer * p.depth), offset - 1, offset + 1);
    const auto scale = random.reals(static_cast<size_t>(p.depth)), bias = random.reals(static_cast<size_t>(p.depth));
    const bool hasBias = round % 3 != 0;
    std::vector<float> y(x.size());
    tmb_layer_norm_f32(x.data(), scale.data(), hasBias ? bias.data() : nullptr, y.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o) {
      double mean = 0, variance = 0;
      for (int32_t d = 0; d < p.depth; ++d)
        mean += static_cast<double>(x[o * p.depth + d]) / p.depth;
      for (int32_t d = 0; d < p.depth; ++d)
        variance += std::pow(static_cast<double>(x[o * p.depth + d]) - mean, 2) / p.depth;
      for (int32_t d = 0; d < p.depth; ++d) {
        const double expected =
            (static_cast<double>(x[o * p.depth + d]) - mean) / std::sqrt(variance + 1e-5) * static_cast<double>(scale[d]) +
            (hasBias ? static_cast<double>(bias[d]) : 0);
        CAPTURE(p.depth, offset);
        REQUIRE(close(y[o * p.depth + d], expected, p.depth == 1 || round % 2 ? 1e-2 : 1e-5));
      }
    }
    tmb_layer_norm_f32(x.data(), scale.data(), hasBias ? bias.data() : nullptr, x.data(), &p);
    REQUIRE(x == y);
  }
}
