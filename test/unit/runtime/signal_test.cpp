// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of signal processing, bits and inverse functions, against double precision or naive references.
#include "support.h"

#include <catch2/catch.hpp>
#include <complex>

using namespace runtime_test;

TEST_CASE("Cumulative sums", "[runtime][signal]") {
  Random random(100);
  for (int round = 0; round < 200; ++round) {
    Shape shape = randomShape(random, 4, 4);
    if (shape.empty())
      shape = {4};
    const int32_t rank = static_cast<int32_t>(shape.size());
    const int64_t axis = random.integer(-rank, rank - 1);
    const size_t at = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    tmb_cumsum_params p = {rank, {}, random.integer(0, 1), random.integer(0, 1)};
    put(p.dims, shape);
    const std::vector<int32_t> x = random.raw<int32_t>(static_cast<size_t>(elements(shape)));
    const std::vector<float> reals = random.reals(x.size());
    const std::vector<int64_t> wide(x.begin(), x.end());
    std::vector<int32_t> y(x.size());
    std::vector<float> z(x.size());
    std::vector<int64_t> w(x.size());
    tmb_cumsum_s32(x.data(), &axis, y.data(), &p);
    tmb_cumsum_f32(reals.data(), &axis, z.data(), &p);
    tmb_cumsum_s64(wide.data(), &axis, w.data(), &p);
    for (int32_t i = 0; i < elements(shape); ++i) {
      int64_t sum = 0;
      double real = 0;
      for (int32_t k = 0; k < shape[at]; ++k) {
        Shape place = coordinates(shape, i);
        const int32_t own = place[at];
        place[at] = k;
        if (k == own ? !p.exclusive : p.reverse ? k > own : k < own) {
          sum += x[dot(place, denseStrides(shape))];
          real += static_cast<double>(reals[dot(place, denseStrides(shape))]);
        }
      }
      REQUIRE(y[i] == static_cast<int32_t>(static_cast<uint32_t>(sum)));
      REQUIRE(w[i] == sum);
      REQUIRE(close(z[i], real));
    }
  }
}

// Expansion by the first row.
static double determinant(const std::vector<double> &a, int32_t n) {
  if (n == 0)
    return 1;
  double sum = 0;
  for (int32_t k = 0; k < n; ++k) {
    std::vector<double> minor;
    for (int32_t row = 1; row < n; ++row)
      for (int32_t col = 0; col < n; ++col)
        if (col != k)
          minor.push_back(a[row * n + col]);
    sum += (k % 2 ? -1 : 1) * a[k] * determinant(minor, n - 1);
  }
  return sum;
}

TEST_CASE("Determinants", "[runtime][signal]") {
  Random random(101);
  for (int round = 0; round < 100; ++round) {
    const tmb_det_params p = {random.integer(1, 3), random.integer(1, 5)};
    const int32_t count = p.size * p.size;
    std::vector<float> x = random.reals(static_cast<size_t>(p.count * count)), y(3), scratch(static_cast<size_t>(count));
    if (round % 5 == 0) // needs a pivot
      x[0] = 0;
    tmb_det_f32(x.data(), y.data(), scratch.data(), &p);
    for (int32_t i = 0; i < p.count; ++i)
      REQUIRE(close(y[i], determinant({x.begin() + i * count, x.begin() + (i + 1) * count}, p.size), 1e-4));
  }
}

TEST_CASE("A singular matrix has the determinant 0", "[runtime][signal]") {
  const float x[] = {0, 1, 0, 2};
  float y, scratch[4];
  const tmb_det_params p = {1, 2};
  tmb_det_f32(x, &y, scratch, &p);
  CHECK(y == 0);
}

TEST_CASE("Fourier transforms", "[runtime][signal]") {
  const double pi = 3.14159265358979323846;
  Random random(102);
  for (int round = 0; round < 150; ++round) {
    tmb_dft_params p = {random.integer(1, 2), random.integer(1, 20), random.integer(1, 3), 0, 0,
                        random.integer(0, 1), random.integer(0, 1)};
    const int32_t sizes[] = {1, 2, 3, 4, 7, 8, 12, 16, 17, 32};
    p.size = sizes[random.integer(0, 9)];
    p.bins = random.integer(0, 1) ? p.size : p.size / 2 + 1;
    const int32_t parts = p.is_complex ? 2 : 1;
    const std::vector<float> x = random.reals(static_cast<size_t>(p.outer * p.in_size * p.inner * parts));
    std::vector<float> twiddles, y(static_cast<size_t>(p.outer * p.bins * p.inner * 2)),
        scratch(static_cast<size_t>(2 * p.size));
    for (int32_t k = 0; k < p.size; ++k) {
      twiddles.push_back(static_cast<float>(std::cos(2 * pi * k / p.size)));
      twiddles.push_back(static_cast<float>(-std::sin(2 * pi * k / p.size)));
    }
    tmb_dft_f32(x.data(), twiddles.data(), y.data(), scratch.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o)
      for (int32_t i = 0; i < p.inner; ++i)
        for (int32_t k = 0; k < p.bins; ++k) {
          std::complex<double> sum = 0;
          for (int32_t n = 0; n < std::min(p.in_size, p.size); ++n) {
            const float *sample = &x[((o * p.in_size + n) * p.inner + i) * parts];
            const std::complex<double> value(static_cast<double>(sample[0]), p.is_complex ? static_cast<double>(sample[1]) : 0);
            sum += value * std::polar(1.0, (p.inverse ? 2 : -2) * pi * k * n / p.size);
          }
          if (p.inverse)
            sum /= p.size;
          const float *out = &y[((o * p.bins + k) * p.inner + i) * 2];
          REQUIRE(close(out[0], sum.real()));
          REQUIRE(close(out[1], sum.imag()));
        }
  }
}

TEST_CASE("Counting n-grams", "[runtime][signal]") {
  Random random(103);
  for (int round = 0; round < 100; ++round) {
    const std::vector<int64_t> pool = {0, 1, 0, 1, 1, 2, 0, 1, 2};
    const std::vector<int32_t> grams = {1, 0, 3, 1, 1, 0, 2, 2, 1, 2, 4, 2, 3, 6, 4};
    const tmb_ngrams_params p = {random.integer(1, 3), random.integer(1, 9), 5, 5, random.integer(0, 3)};
    std::vector<int64_t> x(static_cast<size_t>(p.rows * p.cols));
    for (int64_t &v : x)
      v = random.integer(0, 2);
    std::vector<float> y(static_cast<size_t>(p.rows * p.size), -1), expected(y.size(), 0);
    for (int32_t r = 0; r < p.rows; ++r)
      for (size_t g = 0; g < 5; ++g)
        for (int32_t start = 0; start < p.cols; ++start)
          for (int32_t skip = 0; skip <= (grams[3 * g] == 1 ? 0 : p.max_skip); ++skip) {
            bool isSame = true;
            for (int32_t k = 0; k < grams[3 * g]; ++k) {
              const int32_t at = start + k * (skip + 1);
              isSame = isSame && at < p.cols && x[r * p.cols + at] == pool[grams[3 * g + 1] + k];
            }
            expected[r * p.size + grams[3 * g + 2]] += isSame;
          }
    tmb_count_ngrams(x.data(), pool.data(), grams.data(), y.data(), &p);
    REQUIRE(y == expected);
  }
}

TEST_CASE("Bits", "[runtime][signal]") {
  Random random(104);
  using Kernel = void (*)(const int64_t *, const int64_t *, int64_t *, const tmb_binary_params *);
  const Kernel kernels[] = {tmb_bit_and_s64, tmb_bit_or_s64, tmb_bit_xor_s64, tmb_shift_left_s64, tmb_shift_right_s64};
  const tmb_binary_params p = {1, {1}, {1}, {1}};
  for (int round = 0; round < 500; ++round) {
    const uint64_t a = random.bits(), b = round % 2 ? random.bits() : static_cast<uint64_t>(random.integer(0, 70));
    const uint64_t expected[] = {a & b, a | b, a ^ b, b < 64 ? a << b : 0, b < 64 ? a >> b : 0};
    for (int k = 0; k < 5; ++k) {
      const int64_t x = static_cast<int64_t>(a), z = static_cast<int64_t>(b);
      int64_t y;
      kernels[k](&x, &z, &y, &p);
      REQUIRE(static_cast<uint64_t>(y) == expected[k]);
    }
  }
}

TEST_CASE("Inverse and hyperbolic functions", "[runtime][signal]") {
  Random random(105);
  struct Function {
    void (*kernel)(const float *, float *, const tmb_unary_params *);
    double (*reference)(double);
    float low, high;
  };
  const Function functions[] = {{tmb_asin_f32, std::asin, -1, 1},   {tmb_acos_f32, std::acos, -1, 1},
                                {tmb_atan_f32, std::atan, -9, 9},   {tmb_sinh_f32, std::sinh, -5, 5},
                                {tmb_asinh_f32, std::asinh, -9, 9}, {tmb_acosh_f32, std::acosh, 1, 9},
                                {tmb_atanh_f32, std::atanh, -1, 1}};
  const tmb_unary_params p = {1, 0, 0};
  for (const Function &f : functions)
    for (int round = 0; round < 200; ++round) {
      const float x = random.real(f.low, f.high) * (round % 2 && f.low < 0 ? 1e-3f : 1.0f);
      float y;
      f.kernel(&x, &y, &p);
      REQUIRE(std::fabs(static_cast<double>(y) - f.reference(static_cast<double>(x))) <=
              1e-6 * std::fabs(f.reference(static_cast<double>(x))) + 1e-12);
    }
}

TEST_CASE("Powers of integers", "[runtime][signal]") {
  Random random(106);
  const tmb_binary_params p = {1, {1}, {1}, {1}};
  for (int round = 0; round < 300; ++round) {
    const int64_t a = random.integer(-5, 5), b = random.integer(-3, 70);
    uint64_t expected = 1;
    for (int64_t i = 0; i < b; ++i)
      expected *= static_cast<uint64_t>(a);
    if (b < 0)
      expected = static_cast<uint64_t>(a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0);
    int64_t y;
    tmb_pow_s64(&a, &b, &y, &p);
    REQUIRE(y == static_cast<int64_t>(expected));
  }
}
