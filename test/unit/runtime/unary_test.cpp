// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elementwise kernels of one tensor against double precision, with special values.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

using Kernel = void (*)(const float *, float *, const tmb_unary_params *);

void check(Kernel kernel, std::function<double(double)> reference, float alpha = 0, float beta = 0, double tolerance = 1e-6) {
  Random random(40);
  std::vector<float> x = random.reals(200, -8, 8);
  const auto small = random.reals(50, -0.01f, 0.01f), large = random.reals(50, -200, 200);
  x.insert(x.end(), small.begin(), small.end());
  x.insert(x.end(), large.begin(), large.end());
  for (float special :
       {0.0f, -0.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 1.0f, -1.0f, 3.0f, -3.0f, kNaN, kInfinity, -kInfinity})
    x.push_back(special);
  const tmb_unary_params p = {static_cast<int32_t>(x.size()), alpha, beta};
  std::vector<float> y(x.size());
  kernel(x.data(), y.data(), &p);
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = reference(static_cast<double>(x[i]));
    CAPTURE(x[i], y[i], expected);
    REQUIRE(close(y[i], static_cast<double>(static_cast<float>(expected)), tolerance));
  }
  kernel(x.data(), x.data(), &p); // in place
  for (size_t i = 0; i < x.size(); ++i)
    REQUIRE(sameBits(x[i], y[i]));
  const tmb_unary_params none = {0, alpha, beta};
  kernel(nullptr, nullptr, &none);
}

double clampNaN(double x, double low, double high) { return std::isnan(x) ? x : std::min(std::max(x, low), high); }

} // namespace

TEST_CASE("unary float32", "[runtime][unary]") {
  check(tmb_relu_f32, [](double x) { return x < 0 ? 0 : x; });
  check(
      tmb_leaky_relu_f32, [](double x) { return x < 0 ? 0.25 * x : x; }, 0.25f);
  check(
      tmb_clamp_f32, [](double x) { return clampNaN(x, -1, 6); }, -1, 6);
  check(
      tmb_clamp_f32, [](double x) { return std::isnan(x) ? x : -2; }, 3, -2); // min above max: max wins
  check(tmb_sigmoid_f32, [](double x) { return 1 / (1 + std::exp(-x)); });
  check(tmb_tanh_f32, [](double x) { return std::tanh(x); });
  check(
      tmb_hard_sigmoid_f32, [](double x) { return clampNaN(0.25 * x + 0.5, 0, 1); }, 0.25f, 0.5f);
  check(tmb_hard_swish_f32, [](double x) { return x * clampNaN(x / 6 + 0.5, 0, 1); });
  check(
      tmb_exp_f32, [](double x) { return std::exp(x); }, 0, 0, 1e-5);
  check(tmb_log_f32, [](double x) { return std::log(x); });
  check(tmb_sqrt_f32, [](double x) { return std::sqrt(x); });
  check(tmb_erf_f32, [](double x) { return std::erf(x); });
  check(tmb_gelu_f32, [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); });
  check(tmb_gelu_tanh_f32,
        [](double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / 3.14159265358979) * (x + 0.044715 * x * x * x))); });
  check(tmb_silu_f32, [](double x) { return x / (1 + std::exp(-x)); });
  check(tmb_abs_f32, [](double x) { return std::fabs(x); });
  check(tmb_neg_f32, [](double x) { return -x; });
  check(tmb_reciprocal_f32, [](double x) { return 1 / x; });
  check(tmb_floor_f32, [](double x) { return std::floor(x); });
  check(tmb_ceil_f32, [](double x) { return std::ceil(x); });
  check(tmb_round_f32, [](double x) { return std::nearbyint(x); });
  check(tmb_sign_f32, [](double x) { return x > 0 ? 1 : x < 0 ? -1 : x; });
  check(
      tmb_elu_f32, [](double x) { return x < 0 ? 1.5 * (std::exp(x) - 1) : x; }, 1.5f);
  check(tmb_softplus_f32, [](double x) { return x > 100 ? x : std::log1p(std::exp(x)); });
  const auto finite = [](double (*f)(double)) { return [f](double x) { return std::isinf(x) ? std::nan("") : f(x); }; };
  check(tmb_sin_f32, finite(std::sin));
  check(tmb_cos_f32, finite(std::cos));
}

TEST_CASE("rounding to even and signed zeros", "[runtime][unary]") {
  const float x[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 8388609.0f};
  const float rounded[] = {0.0f, 2.0f, 2.0f, -0.0f, -2.0f, -2.0f, 8388609.0f};
  float y[7];
  const tmb_unary_params p = {7, 0, 0};
  tmb_round_f32(x, y, &p);
  for (int i = 0; i < 7; ++i)
    CHECK(sameBits(y[i], rounded[i]));
  const float zeros[] = {0.0f, -0.0f};
  const tmb_unary_params two = {2, 0, 0};
  tmb_sign_f32(zeros, y, &two);
  CHECK(sameBits(y[0], 0.0f));
  CHECK(sameBits(y[1], -0.0f));
}

TEST_CASE("softplus keeps small results", "[runtime][unary]") {
  const float x = -30;
  float y = 0;
  const tmb_unary_params p = {1, 0, 0};
  tmb_softplus_f32(&x, &y, &p);
  CHECK(static_cast<double>(y) == Approx(std::exp(-30.0)).epsilon(1e-5));
}

TEST_CASE("unary integers", "[runtime][unary]") {
  const std::vector<int64_t> x = {0, 1, -1, 1234567890123, -1234567890123, INT64_MAX, INT64_MIN};
  std::vector<int64_t> y(x.size());
  const tmb_unary_params p = {static_cast<int32_t>(x.size()), 0, 0};
  tmb_neg_s64(x.data(), y.data(), &p);
  CHECK(y == std::vector<int64_t>{0, -1, 1, -1234567890123, 1234567890123, -INT64_MAX, INT64_MIN});
  tmb_abs_s64(x.data(), y.data(), &p);
  CHECK(y == std::vector<int64_t>{0, 1, 1, 1234567890123, 1234567890123, INT64_MAX, INT64_MIN});
  std::vector<uint8_t> flags = {0, 1, 2, 255};
  const tmb_unary_params q = {4, 0, 0};
  tmb_not_u8(flags.data(), flags.data(), &q);
  CHECK(flags == std::vector<uint8_t>{1, 0, 0, 0});
}

TEST_CASE("lookup reaches every entry", "[runtime][unary]") {
  Random random(41);
  const auto table = random.bytes(256);
  std::vector<int8_t> x(256), expected(256);
  for (int i = 0; i < 256; ++i) {
    x[i] = static_cast<int8_t>(127 - i);
    expected[i] = table[static_cast<uint8_t>(x[i] + 128)];
  }
  const tmb_count_params p = {256};
  tmb_lookup_s8(x.data(), table.data(), x.data(), &p);
  CHECK(x == expected);
}
